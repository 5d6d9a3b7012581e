"""Tokens of RFC 7519 against the reference implementation's own."""

import functools
import json
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.auth import JSONWebTokenManager, WrongClaimException
from aiorest_gw.errors import (
    BaseTokenException,
    ConfigurationError,
    InvalidSignatureException,
    ParsingTokenException,
)

SECRET = "0123456789abcdef" * 4


@functools.cache
def pair(kind):
    """A private and a public key in PEM."""
    key = {
        "RS": lambda: rsa.generate_private_key(65537, 2048),
        "ES": lambda: ec.generate_private_key(ec.SECP256R1()),
        "Ed": lambda: ed25519.Ed25519PrivateKey.generate(),
    }[kind]()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public


class TokenTests(SynchronousTestCase):
    def test_every_algorithm_signs_and_verifies(self):
        for algorithm in ("HS256", "HS384", "HS512"):
            manager = JSONWebTokenManager(SECRET, algorithms=(algorithm,))
            self.assertEqual(1, manager.verify(manager.generate({"a": 1}))["a"])
        for algorithm in ("RS256", "RS512", "ES256", "EdDSA"):
            private, public = pair(algorithm[:2])
            signs = JSONWebTokenManager(private, algorithms=(algorithm,))
            verifies = JSONWebTokenManager(public, algorithms=(algorithm,))
            also = JSONWebTokenManager(verify_key=public, algorithms=(algorithm,))
            token = signs.generate({"a": 1})
            for manager in (signs, verifies, also):
                self.assertEqual(1, manager.verify(token)["a"])
            self.assertRaises(ConfigurationError, verifies.generate)

    def test_a_token_carries_what_it_was_given(self):
        manager = JSONWebTokenManager(SECRET, now=lambda: 1000, token_id=lambda: "id")
        token = manager.generate({"role": "x"}, sub="5", exp=60, nbf=-60, iss="me")
        self.assertEqual(
            {
                "role": "x",
                "sub": "5",
                "exp": 1060,
                "nbf": 940,
                "iat": 1000,
                "jti": "id",
                "iss": "me",
            },
            jwt.decode(token, SECRET, ["HS256"], options={"verify_exp": False}),
        )
        self.assertRaises(TypeError, manager.generate, role="x")

    def test_audience_and_issuer_have_to_fit(self):
        manager = JSONWebTokenManager(SECRET, audience="us", issuer="them")
        self.assertEqual("us", manager.verify(manager.generate())["aud"])
        for claims in ({"aud": "others", "iss": "them"}, {"aud": "us", "iss": "others"},
                       {"iss": "them"}, {"aud": "us"}):  # fmt: skip
            token = jwt.encode(claims, SECRET, "HS256")
            self.assertRaises(WrongClaimException, manager.verify, token)
        token = jwt.encode({"aud": "others"}, SECRET, "HS256")
        self.assertRaises(WrongClaimException, JSONWebTokenManager(SECRET).verify, token)

    def test_clocks_may_differ_by_the_leeway(self):
        manager = JSONWebTokenManager(SECRET, leeway=10, now=lambda: 1000)
        for claims in ({"exp": 991}, {"nbf": 1009}):
            self.assertEqual(claims, manager.verify(jwt.encode(claims, SECRET, "HS256")))
        for claims in ({"exp": 990}, {"nbf": 1011}):
            token = jwt.encode(claims, SECRET, "HS256")
            self.assertRaises(BaseTokenException, manager.verify, token)

    def test_forged_tokens_are_refused(self):
        """Another key, no signature, another algorithm, a public key used as a secret."""
        private, public = pair("RS")
        rs = JSONWebTokenManager(public, algorithms=("RS256",))
        hs = JSONWebTokenManager(SECRET)
        body = jwt.encode({"a": 1}, SECRET, "HS256").split(".")[1]
        header = jwt.utils.base64url_encode(b'{"alg":"HS256","typ":"JWT"}').decode()
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            f"{header}.{body}".encode(), public
        )
        confused = f"{header}.{body}.{jwt.utils.base64url_encode(signature).decode()}"
        for manager, token in (
            (hs, jwt.encode({"a": 1}, "another" * 8, "HS256")),
            (hs, jwt.encode({"a": 1}, None, "none")),
            (hs, jwt.encode({"a": 1}, SECRET, "HS512")),
            (hs, jwt.encode({"a": 1}, private, "RS256")),
            (rs, confused),
        ):
            self.assertRaises(InvalidSignatureException, manager.verify, token)

    def test_what_is_no_token_is_refused(self):
        manager = JSONWebTokenManager(SECRET)
        good = manager.generate()
        for wrong in (None, 5, b"x", [], {}, "", "a", "a.b", "a.b.c", "....", "x" * 20_000,
                      good + "x" * 20_000, "\ud800.\ud800.\ud800", jwt.encode({"exp": True}, SECRET),
                      jwt.encode({"nbf": "x"}, SECRET)):  # fmt: skip
            self.assertRaises(ParsingTokenException, manager.verify, wrong)

    @settings(max_examples=200, deadline=None)
    @given(
        st.text()
        | st.lists(st.text(alphabet="eyJhbGciOiJ9.-_=", max_size=30), min_size=3).map(".".join)
    )
    def test_any_text_is_verified_or_refused(self, text):
        self.assertRaises(BaseTokenException, JSONWebTokenManager(SECRET).verify, text)

    def test_keys_of_a_jwk_set_are_chosen_by_their_kid(self):
        private, _ = pair("RS")
        _, other_public = pair("ES")
        key = json.loads(
            jwt.algorithms.RSAAlgorithm.to_jwk(
                serialization.load_pem_private_key(private, None).public_key()
            )
        )
        jwks = {
            "keys": [key | {"kid": "one", "alg": "RS256"}, key | {"kid": "enc", "alg": "RS512"}]
        }
        manager = JSONWebTokenManager(jwks=jwks, algorithms=("RS256",))
        token = functools.partial(jwt.encode, {"a": 1}, private, "RS256")
        self.assertEqual(1, manager.verify(token(headers={"kid": "one"}))["a"])
        for headers in ({}, {"kid": "two"}, {"kid": "enc"}):
            self.assertRaises(InvalidSignatureException, manager.verify, token(headers=headers))
        for wrong in ({}, {"keys": []}, {"keys": [{}]}, {"keys": 5}, {"keys": [key]}):
            self.assertRaises(
                ConfigurationError, JSONWebTokenManager, jwks=wrong, algorithms=("RS256",)
            )

    def test_settings_that_are_not_safe_are_refused(self):
        private, public = pair("RS")
        for options in (
            {}, {"key": ""}, {"key": "short"}, {"key": SECRET[:40], "algorithms": ("HS512",)},
            {"key": public}, {"key": private}, {"key": SECRET, "algorithms": ()},
            {"key": SECRET, "algorithms": ("none",)}, {"key": SECRET, "algorithms": ("HS256", "RS256")},
            {"key": SECRET, "algorithms": ("RS256",)}, {"key": public, "algorithms": ("ES256",)},
            {"key": SECRET, "verify_key": public}, {"key": SECRET, "jwks": {"keys": []}},
        ):  # fmt: skip
            self.assertRaises(ConfigurationError, JSONWebTokenManager, **options)
        JSONWebTokenManager(SECRET, algorithms="HS256")

    def test_time_is_the_real_one_by_default(self):
        manager = JSONWebTokenManager(SECRET)
        before = int(time.time())
        made = manager.verify(manager.generate())["iat"]
        self.assertTrue(before <= made <= time.time())
