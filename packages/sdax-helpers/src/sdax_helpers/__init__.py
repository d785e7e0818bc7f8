"""Short ways to write sdax tasks: task_func, task_group_func, task_sync_func, join and task."""
