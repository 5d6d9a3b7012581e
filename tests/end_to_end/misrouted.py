from aiorest_gw import SimpleRouter

x = SimpleRouter()

x.get("users")(lambda request: None)
