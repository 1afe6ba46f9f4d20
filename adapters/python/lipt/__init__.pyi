from . import plot as plot
from . import torch as torch
from ._errors import Error as Error
from .merging import Soup as Soup
from .merging import magnitude_mask as magnitude_mask
from .merging import plan_shards as plan_shards
from .merging import soup as soup
from .run import read_run as read_run
from .selection import Estimate as Estimate
from .selection import Selection as Selection
from .selection import Selector as Selector
from .selection import estimate as estimate
from .selection import methods as methods
from .selection import options as options
from .selection import select as select
from .selection import stability as stability

__version__: str
