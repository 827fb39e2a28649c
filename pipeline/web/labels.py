"""Labels for all pictures from a few; nothing is written."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipeline.web.problems import ProblemError
from pipeline.web.site import site_of
from pipeline.web.tables import Labelled, LabelQuestion

routes = APIRouter(prefix="/api", tags=["label"])


@routes.post("/labels", response_model=Labelled)
def labels(question: LabelQuestion, request: Request) -> Response:
    """Label every picture from a few examples, and say which to label next."""
    site = site_of(request)
    site.check_version(question.version)
    known = site.folder.catalogue()
    outside = [row for row in question.examples if not 0 <= row < len(known.paths)]
    if outside:
        raise ProblemError(422, f"there is no picture in row {outside[0]}; load the page again")
    found = site.folder.label({known.paths[row]: label for row, label in question.examples.items()})
    body = Labelled(
        version=site.folder.version,
        names=found.names,
        labels=found.shares.argmax(axis=1).tolist(),
        confidence=[round(value, 4) for value in found.shares.max(axis=1).tolist()],
        helpful=found.helpful.tolist(),
        accuracy=found.choice.accuracies.get(found.choice.method),
        method=found.choice.method,
    )
    return Response(body.model_dump_json(), media_type="application/json")
