"""Flower's configuration; `celery -A tasks flower` reads it from the working directory."""

import os

port = int(os.environ.get("FLOWER_PORT") or 5555)
address = "127.0.0.1"
# Times that a person reads; the arguments of a task are a job's id, never a prompt.
natural_time = True
tasks_columns = "name,uuid,state,args,received,started,runtime,worker"
