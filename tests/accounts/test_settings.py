"""A key from the environment, and for each mistake the variable's name."""

import json

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.accounts import token_manager_from_environment
from aiorest_gw.auth import WrongClaimException
from aiorest_gw.errors import ConfigurationError

SECRET = "k" * 32
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


class EnvironmentTests(SynchronousTestCase):
    def manager(self, **variables):
        return token_manager_from_environment(
            {"HOME": "/", **{f"AIOREST_GW_JWT_{name}": text for name, text in variables.items()}}
        )

    def file(self, text):
        path = self.mktemp()
        with open(path, "w") as file:
            file.write(text)
        return path

    def jwks(self):
        key = json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(KEY.public_key()))
        return self.file(json.dumps({"keys": [key | {"kid": "a"}]}))

    def test_every_setting_reaches_the_manager(self):
        manager = self.manager(
            KEY="s" * 64, ALGORITHMS="HS512, HS256", AUDIENCE="us", ISSUER="me", LEEWAY="3600"
        )
        token = manager.generate(exp=-1800)
        self.assertEqual("HS512", jwt.get_unverified_header(token)["alg"])
        self.assertEqual(("us", "me"), (manager.verify(token)["aud"], manager.verify(token)["iss"]))
        other = jwt.encode({"aud": "us", "iss": "you"}, "s" * 64, "HS256")
        self.assertRaises(WrongClaimException, manager.verify, other)

    def test_a_private_key_may_be_in_a_file_or_in_the_variable(self):
        for variables in ({"KEY": PEM}, {"KEY_FILE": self.file(PEM)}):
            manager = self.manager(ALGORITHMS="ES256", **variables)
            self.assertEqual("5", manager.verify(manager.generate(sub="5"))["sub"])

    def test_a_jwk_set_may_stand_alone_or_beside_a_key(self):
        token = jwt.encode({"sub": "5"}, PEM, "ES256", headers={"kid": "a"})
        for more in ({}, {"KEY": PEM}):
            manager = self.manager(JWKS_FILE=self.jwks(), ALGORITHMS="ES256", **more)
            self.assertEqual("5", manager.verify(token)["sub"])

    def test_a_variable_that_is_empty_is_not_set(self):
        self.manager(KEY=SECRET, KEY_FILE="", ALGORITHMS="", LEEWAY="")
        self.assertRaises(ConfigurationError, self.manager, KEY="")

    def test_each_mistake_names_its_variable_and_tells_no_secret(self):
        folder = self.mktemp()
        for told, variables in (
            ("KEY, AIOREST_GW_JWT_KEY_FILE or AIOREST_GW_JWT_JWKS_FILE", {}),
            ("KEY or AIOREST_GW_JWT_KEY_FILE, not both", {"KEY": SECRET, "KEY_FILE": "x"}),
            ("KEY with", {"KEY": "too-short-secret"}),
            ("KEY with AIOREST_GW_JWT_ALGORITHMS (ES256)", {"KEY": SECRET, "ALGORITHMS": "ES256"}),
            ("KEY with AIOREST_GW_JWT_ALGORITHMS (HS256)", {"KEY": PEM}),
            ("KEY_FILE: No such file", {"KEY_FILE": folder}),
            ("KEY_FILE: ", {"KEY_FILE": "a\0b"}),
            ("KEY_FILE with", {"KEY_FILE": self.file("")}),
            ("JWKS_FILE: No such file", {"JWKS_FILE": folder}),
            ("JWKS_FILE: ", {"JWKS_FILE": self.file("no JSON"), "ALGORITHMS": "ES256"}),
            ("JWKS_FILE: ", {"JWKS_FILE": self.file("[]"), "ALGORITHMS": "ES256"}),
            ("JWKS_FILE with", {"JWKS_FILE": self.file("{}"), "ALGORITHMS": "ES256"}),
            ("JWKS_FILE with AIOREST_GW_JWT_ALGORITHMS (HS256)", {"JWKS_FILE": self.jwks()}),
            ("KEY, AIOREST_GW_JWT_JWKS_FILE with", {"KEY": SECRET, "JWKS_FILE": self.jwks()}),
            ("ALGORITHMS: 'none'", {"KEY": SECRET, "ALGORITHMS": "none"}),
            ("ALGORITHMS: 'HS257'", {"KEY": SECRET, "ALGORITHMS": "HS256,HS257"}),
            ("ALGORITHMS: name", {"KEY": SECRET, "ALGORITHMS": " , "}),
            ("LEEWAY: ", {"KEY": SECRET, "LEEWAY": "soon"}),
            ("LEEWAY: ", {"KEY": SECRET, "LEEWAY": "-1"}),
            ("LEEWAY: ", {"KEY": SECRET, "LEEWAY": "nan"}),
            ("LEEWAY: ", {"KEY": SECRET, "LEEWAY": "inf"}),
        ):
            error = self.assertRaises(ConfigurationError, self.manager, **variables)
            self.assertIn(f"AIOREST_GW_JWT_{told}", str(error))
            self.assertNotIn("\n", str(error))
            for secret in (SECRET, PEM, "too-short-secret"):
                self.assertNotIn(secret, str(error))
