"""The embedded sample: snow crystals that grow by a published model and are lit as under a microscope.

In the order of the work: six `habits`, each a range of `weather`; the hexagonal `lattice` on which crystals
grow in it (`growth`); their surface (`relief`), their light (`lighting`) and their picture (`micrograph`);
copies and a stranger (`planting`) and where they lie (`plan`); all of it as files (`making`).
"""

from pipeline.sample.habits import HABITS
from pipeline.sample.making import Sample, crystal_pictures, grow_sample
from pipeline.sample.plan import Truth

__all__ = ["HABITS", "Sample", "Truth", "crystal_pictures", "grow_sample"]
