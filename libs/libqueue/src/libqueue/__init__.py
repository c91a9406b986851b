"""The queue of jobs in MongoDB. It knows nothing of datasets beyond a job's key."""
