"""For `celery worker --include lag_in_celery`: measures how late waits end in each process that runs jobs."""

import lag
from celery.signals import worker_process_init, worker_ready

worker_ready.connect(lag.watch, weak=False)
worker_process_init.connect(lag.watch, weak=False)
