"""Glue's CSV classifiers, which moto lacks: https://docs.aws.amazon.com/glue/latest/webapi/API_CsvClassifier.html"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.glue.exceptions import AlreadyExistsException, EntityNotFoundException
from moto.glue.responses import GlueResponse

from .seams import Seams

Classifier = dict[str, Any]


def install(seams: Seams) -> dict[str, Classifier]:
    """Answer the classifier operations; the dictionary holds, by name, the classifiers that there are."""
    classifiers: dict[str, Classifier] = {}

    def create_classifier(response: GlueResponse) -> ActionResult:
        name, classifier = _csv_classifier(response)
        if name in classifiers:
            raise AlreadyExistsException("Classifier")
        classifiers[name] = {**classifier, "CreationTime": utcnow(), "LastUpdated": utcnow(), "Version": 1}
        return EmptyResult()

    def update_classifier(response: GlueResponse) -> ActionResult:
        name, classifier = _csv_classifier(response)
        known = known_classifier(classifiers, name)
        known |= {**classifier, "LastUpdated": utcnow(), "Version": known["Version"] + 1}
        return EmptyResult()

    def get_classifier(response: GlueResponse) -> ActionResult:
        return ActionResult({"Classifier": {"CsvClassifier": known_classifier(classifiers, response.parameters["Name"])}})

    def get_classifiers(response: GlueResponse) -> ActionResult:
        return ActionResult({"Classifiers": [{"CsvClassifier": one} for one in classifiers.values()]})

    def delete_classifier(response: GlueResponse) -> ActionResult:
        known_classifier(classifiers, response.parameters["Name"])
        del classifiers[response.parameters["Name"]]
        return EmptyResult()

    for operation in (create_classifier, update_classifier, get_classifier, get_classifiers, delete_classifier):
        seams.replace(GlueResponse, operation.__name__, operation)
    return classifiers


def known_classifier(classifiers: dict[str, Classifier], name: str) -> Classifier:
    """The classifier of that name; EntityNotFoundException where there is none."""
    if name not in classifiers:
        raise EntityNotFoundException(f"Classifier with name {name} not found")
    return classifiers[name]


def _csv_classifier(response: GlueResponse) -> tuple[str, Classifier]:
    classifier = response.parameters.get("CsvClassifier")
    if not classifier:
        raise NotImplementedError("the local account knows CSV classifiers only")
    return classifier["Name"], dict(classifier)
