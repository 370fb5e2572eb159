"""The Deploy page's answer: every deployment of a model, ranked, with the reasons. Pure."""

from breakeven.question.pages.deploy import DEPLOY_FIELDS, USUAL, DeployFields
from breakeven.views.deploy.answer import Answer, Placement, Plan, deploy

__all__ = ["DEPLOY_FIELDS", "USUAL", "Answer", "DeployFields", "Placement", "Plan", "deploy"]
