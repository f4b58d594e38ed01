# ruff: noqa: F403, F405
from realtime_notes.settings import *

CHANNEL_LAYERS["default"]["BACKEND"] = "e2e.faults.layers.ForgetfulLayer"
