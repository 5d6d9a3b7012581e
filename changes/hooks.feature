A hook of the application that raises closes its own connection with 1011 and disturbs nothing else. ``onConnect`` may be an ``async def`` that awaits what
asyncio has; the other hooks are called and not awaited, and refused as ``async def``. Nothing is sent within a message that an application sends piece by piece.
