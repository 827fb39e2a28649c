"""What a person asks of the artefacts: no stages, nothing that DVC runs."""
