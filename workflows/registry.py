"""Every workflow of this version, one line each."""

from __future__ import annotations

from workflows import access_review, approval
from workflows.kernel.workflow import Workflow

WORKFLOWS: tuple[Workflow, ...] = (access_review.WORKFLOW, approval.WORKFLOW)
