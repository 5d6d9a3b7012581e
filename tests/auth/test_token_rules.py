"""Tokens say what they were given, and whatever a client sends is verified or refused."""

import base64
import json
import subprocess
import sys

import jwt
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.auth import JSONWebTokenManager, LegacyTokenVerifier, WrongClaimException
from aiorest_gw.errors import (
    APIError,
    BaseTokenException,
    ConfigurationError,
    InvalidSignatureException,
    ParsingTokenException,
    TokenExpiredException,
    TokenNotBeforeException,
)

SECRET = "0123456789abcdef" * 4
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CLAIMS = st.dictionaries(
    st.sampled_from(["exp", "nbf", "iat", "aud", "iss", "sub", "jti", "x"]), JSON, max_size=6
)
HEADERS = st.dictionaries(
    st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jku", "jwk", "x5c"]),
    JSON | st.sampled_from(["none", "HS256", "RS256"]),
)


def segment(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class MadeTests(SynchronousTestCase):
    def test_claims_that_no_verifier_would_take_are_not_signed(self):
        """RFC 7519 section 4.1: they are strings."""
        manager = JSONWebTokenManager(SECRET)
        for name in ("sub", "iss", "jti"):
            error = self.assertRaises(TypeError, manager.generate, **{name: 5})
            self.assertIn(name, str(error))
            self.assertRaises(TypeError, manager.generate, {name: 5})

    def test_every_token_has_an_id_of_its_own(self):
        manager = JSONWebTokenManager(SECRET)
        ids = {manager.verify(manager.generate())["jti"] for _ in range(10)}
        self.assertEqual(10, len(ids))
        self.assertEqual("mine", manager.verify(manager.generate(jti="mine"))["jti"])

    def test_the_time_of_making_is_the_managers_own(self):
        manager = JSONWebTokenManager(SECRET, now=lambda: 1000.9)
        self.assertEqual(1000, manager.verify(manager.generate({"iat": 5}))["iat"])

    def test_issuer_and_audience_of_the_manager_are_put_in(self):
        manager = JSONWebTokenManager(SECRET, issuer="us", audience=("a", "b"))
        claims = jwt.decode(manager.generate(), SECRET, ["HS256"], audience="b", issuer="us")
        self.assertEqual(("us", ["a", "b"]), (claims["iss"], claims["aud"]))
        several = JSONWebTokenManager(SECRET, issuer=["us", "them"])
        self.assertRaises(WrongClaimException, several.verify, several.generate())
        for issuer in ("us", "them"):
            self.assertEqual(issuer, several.verify(several.generate(iss=issuer))["iss"])


class RefusedTests(SynchronousTestCase):
    def test_each_fault_has_its_own_words_and_is_answered_with_401(self):
        manager = JSONWebTokenManager(SECRET, audience="us", issuer="me", now=lambda: 1000)
        good = {"aud": "us", "iss": "me"}
        for changed, error in (
            ({"exp": 1000}, TokenExpiredException),
            ({"exp": 0}, TokenExpiredException),
            ({"exp": -(10**400)}, TokenExpiredException),
            ({"nbf": 1001}, TokenNotBeforeException),
            ({"nbf": 10**400}, TokenNotBeforeException),
            ({"aud": "others"}, WrongClaimException),
            ({"aud": None}, WrongClaimException),
            ({"iss": "others"}, WrongClaimException),
            ({"exp": "soon"}, ParsingTokenException),
            ({"exp": True}, ParsingTokenException),
            ({"sub": 5}, ParsingTokenException),
        ):
            payload = segment({**good, **changed})
            body = f"{segment({'alg': 'HS256'})}.{payload}".encode()
            algorithm = jwt.get_algorithm_by_name("HS256")
            signature = segment(algorithm.sign(body, algorithm.prepare_key(SECRET)))
            raised = self.assertRaises(error, manager.verify, f"{body.decode()}.{signature}")
            self.assertIs(error, type(raised), changed)
            self.assertEqual(401, raised.status)
        details = {one.default_detail for one in BaseTokenException.__subclasses__()}
        self.assertEqual(len(BaseTokenException.__subclasses__()), len(details))

    def test_a_time_that_is_no_number_does_not_make_a_token_last_for_ever(self):
        manager = JSONWebTokenManager(SECRET)
        for value in (float("nan"), float("inf"), float("-inf")):
            for name in ("exp", "nbf"):
                token = jwt.encode({name: value}, SECRET)
                self.assertRaises(ParsingTokenException, manager.verify, token)

    def test_deep_and_long_tokens_are_refused(self):
        manager = JSONWebTokenManager(SECRET)
        deep = b"[" * 6_000 + b"]" * 6_000
        for token in (
            f"{segment(deep)}.{segment({})}.{segment(b'x')}",
            f"{segment({'alg': 'HS256'})}.{segment(deep)}.{segment(b'x')}",
            segment({"alg": "HS256", "x": "x" * 20_000}) + ".e30.eA",
            "9" * 16_384,
        ):
            self.assertRaises(BaseTokenException, manager.verify, token)

    @settings(max_examples=300, deadline=None)
    @given(HEADERS, CLAIMS, st.binary(max_size=40), st.booleans())
    def test_any_token_is_verified_or_refused(self, header, claims, signature, signed):
        """Whoever made it, and with whatever in it; nothing but our own errors comes out."""
        legacy = LegacyTokenVerifier("old secret")
        body = f"{segment(header)}.{segment(claims)}"
        if signed:
            algorithm = jwt.get_algorithm_by_name("HS256")
            signature = algorithm.sign(body.encode(), algorithm.prepare_key(SECRET))
        for options in ({}, {"audience": "a", "issuer": "i"}, {"legacy": legacy}):
            manager = JSONWebTokenManager(SECRET, **options)
            try:
                self.assertIsInstance(manager.verify(f"{body}.{segment(signature)}"), dict)
                self.assertTrue(signed)
            except APIError as error:
                self.assertIsInstance(error, BaseTokenException)

    @settings(max_examples=200, deadline=None)
    @given(JSON | st.binary())
    def test_what_is_no_token_at_all_is_refused(self, anything):
        manager = JSONWebTokenManager(SECRET, legacy=LegacyTokenVerifier("old secret"))
        self.assertRaises(BaseTokenException, manager.verify, anything)

    def test_one_changed_character_is_enough(self):
        manager = JSONWebTokenManager(SECRET)
        token = manager.generate(sub="5")
        # Of the last one, base64 uses only some bits, and not every PyJWT looks at the others.
        for position in range(len(token) - 1):
            other = "A" if token[position] != "A" else "B"
            changed = token[:position] + other + token[position + 1 :]
            self.assertRaises(BaseTokenException, manager.verify, changed)


class SettingsTests(SynchronousTestCase):
    def test_settings_that_would_refuse_or_accept_everything_are_told(self):
        for setting, values in (
            ("leeway", (-1, float("nan"), float("inf"), "5", None)),
            ("audience", (5, "", (), ["a", 5], [""], {"a": 1})),
            ("issuer", (5, "", (), [None])),
        ):
            for value in values:
                error = self.assertRaises(
                    ConfigurationError, JSONWebTokenManager, SECRET, **{setting: value}
                )
                self.assertIn(setting, str(error))

    def test_without_pyjwt_all_but_tokens_works_and_it_is_said_what_to_install(self):
        """The extra is optional; a process in which it is missing shows it."""
        program = (
            "import sys; sys.modules['jwt'] = None\n"
            "import aiorest_gw, aiorest_gw.auth, aiorest_gw.accounts\n"
            "try: aiorest_gw.auth.JSONWebTokenManager('k' * 32)\n"
            "except aiorest_gw.ConfigurationError as error: print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        self.assertIn("pip install 'aiorest_gw[auth]'", done.stdout)
        self.assertEqual(1, done.stdout.count("\n"))

    def test_no_module_needs_pyjwt_when_it_is_imported(self):
        program = "import aiorest_gw.auth, sys; print('jwt' in sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        self.assertEqual("False\n", done.stdout)


class LegacyTests(SynchronousTestCase):
    def test_keys_are_not_shared_and_not_guessed(self):
        """A genuine token, signed anew in the old form with the same key, would be of any audience."""
        for both in (SECRET, SECRET.encode() if isinstance(SECRET, str) else SECRET):
            legacy = LegacyTokenVerifier(both)
            self.assertRaises(ConfigurationError, JSONWebTokenManager, SECRET, legacy=legacy)
        for key in ("", "x", "secret_key", " SECRET_KEY ", "1234567"):
            self.assertRaises(ConfigurationError, LegacyTokenVerifier, key)

    def test_a_wrong_token_stays_wrong_where_legacy_ones_are_accepted(self):
        manager = JSONWebTokenManager(SECRET, legacy=LegacyTokenVerifier(b"old secret", ("HS512",)))
        for token in (
            jwt.encode({"sub": "5"}, "another" * 8),
            jwt.encode({"sub": "5"}, None, "none"),
            jwt.encode({"sub": "5"}, "old secret" * 7, "HS512"),
        ):
            self.assertRaises(BaseTokenException, manager.verify, token)

    def test_an_expired_token_is_not_tried_as_a_legacy_one(self):
        manager = JSONWebTokenManager(
            SECRET, now=lambda: 1000, legacy=LegacyTokenVerifier("old secret"), audience="us"
        )
        token = jwt.encode({"exp": 999, "aud": "us"}, SECRET)
        self.assertRaises(TokenExpiredException, manager.verify, token)
        token = jwt.encode({"aud": "others"}, SECRET)
        self.assertRaises(WrongClaimException, manager.verify, token)

    def test_the_key_that_everybody_knows_is_refused(self):
        for key in ("", b"", "secret_key", b"secret_key"):
            self.assertRaises(ConfigurationError, LegacyTokenVerifier, key)

    def test_the_leeway_holds_for_them_too(self):
        """The format is aiorest-ws's: standard base64 with padding, of the digest's hex digits."""
        import hashlib
        import hmac

        parts = [
            base64.b64encode(json.dumps(part).encode()).decode()
            for part in ({"typ": "JWT", "alg": "HS384"}, {"exp": 995, "user": "ann"})
        ]
        signed = ".".join(parts).encode()
        digest = hmac.new(b"old secret", signed, hashlib.sha384).hexdigest().encode()
        token = ".".join([*parts, base64.b64encode(digest).decode()])
        legacy = LegacyTokenVerifier("old secret", ("HS256", "HS384"))
        patient = JSONWebTokenManager(SECRET, legacy=legacy, now=lambda: 1000, leeway=10)
        self.assertEqual("ann", patient.verify(token)["user"])
        strict = JSONWebTokenManager(SECRET, legacy=legacy, now=lambda: 1000)
        self.assertRaises(TokenExpiredException, strict.verify, token)
        narrow = JSONWebTokenManager(
            SECRET, legacy=LegacyTokenVerifier("old secret"), leeway=10**10
        )
        self.assertRaises(InvalidSignatureException, narrow.verify, token)
