"""One stage each: read, compute, write. A stage knows params and artefacts; what it calls knows neither."""
