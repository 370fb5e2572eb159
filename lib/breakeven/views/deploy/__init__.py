"""The Deploy page's answer: every deployment of a model, ranked, with the reasons. Pure."""

from breakeven.question.pages.deploy import FIELDS, USUAL, Fields
from breakeven.views.deploy.answer import Answer, Placement, deploy

__all__ = ["FIELDS", "USUAL", "Answer", "Fields", "Placement", "deploy"]
