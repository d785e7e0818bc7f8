from sdax import AsyncDagTaskProcessor, GraphError, join

builder = AsyncDagTaskProcessor[None].builder()
builder.add_task(join("weather"))
builder.add_task(join("plan"), depends_on=("wether",))
try:
    builder.build()
except GraphError as error:
    print(error)
