"""The Deploy page's answer: every deployment of a model, ranked, with the reasons. Pure."""

from lib.deploy.answer import Answer, Placement, Plan, deploy
from lib.deploy.fields import DEPLOY_FIELDS, USUAL, DeployFields

__all__ = ["DEPLOY_FIELDS", "USUAL", "Answer", "DeployFields", "Placement", "Plan", "deploy"]
