"""The errors that a user can mend.

PipelineError                 something the user can mend; its message ends with the remedy
├── ParamsError               params.yaml holds a wrong, missing or unknown value
├── DatasetError              the folder of pictures is missing, empty or has no readable picture
├── ArtifactError             a file under artifacts/ is missing, damaged or made from other pictures
├── ProjectError              a project can't be made there, or one of its stages has failed
├── EncoderError              an encoder file does not keep its contract
└── QueryError                a question can't be answered: a picture is missing or can't be used

A damaged picture among many is no error: it becomes a row of rejected.csv.
Wrong arguments to a function are ValueError; everything else is a bug and keeps its traceback.
"""


class PipelineError(Exception):
    """Something that the user can mend; the message ends with the remedy."""


class ParamsError(PipelineError):
    """A value of params.yaml is wrong, missing or unknown."""


class DatasetError(PipelineError):
    """The folder of pictures is missing, is empty, or has no readable picture."""


class ArtifactError(PipelineError):
    """An artefact is missing, damaged, or was made from other pictures than the index lists."""


class ProjectError(PipelineError):
    """A project can't be made in the place that was named, or one of its stages has failed."""


class EncoderError(PipelineError):
    """An encoder file does not keep its contract: uint8 pictures in, embeddings of unit length out."""


class QueryError(PipelineError):
    """A question cannot be answered: a picture, or what else was given, is missing or can't be used."""
