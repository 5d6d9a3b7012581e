"""What the flooded gateway serves: answers of every size, at once and later."""

import asyncio

from aiorest_gw import SimpleRouter

router = SimpleRouter()


@router.get("/hello")
def hello(request):
    return {"message": "Hello, world!"}


@router.get("/large/{size:int}")
def large(request, size):
    return "x" * size


@router.get("/later/{size:int}")
async def later(request, size):
    await asyncio.sleep(0.01)
    return "x" * size


@router.post("/echo")
def echo(request):
    return request.data
