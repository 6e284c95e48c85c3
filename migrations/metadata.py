"""The tables of all rooms, as the code has them."""

from sqlalchemy import MetaData

import access.models
import identity.models
import registry.models
import scoring.models
from core.database import Base

ROOMS = (access.models, identity.models, registry.models, scoring.models)
METADATA: MetaData = Base.metadata
