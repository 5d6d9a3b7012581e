"""Keys verify what they are for, and nothing else; tokens are the reference implementation's own."""

import functools
import json

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from twisted.trial.unittest import SynchronousTestCase

from aiorest_gw.auth import JSONWebTokenManager
from aiorest_gw.errors import ConfigurationError, InvalidSignatureException

SECRET = "0123456789abcdef" * 4
PUBLIC_KEY_ALGORITHMS = {
    "RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "PS256": "rsa", "PS384": "rsa", "PS512": "rsa",
    "ES256": "p256", "ES384": "p384", "ES512": "p521", "EdDSA": "ed25519",
}  # fmt: skip
MAKERS = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "weak": lambda: rsa.generate_private_key(65537, 1024),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@functools.cache
def private_key(kind):
    return MAKERS[kind]()


def private_pem(kind):
    return private_key(kind).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(kind):
    return (
        private_key(kind)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def jwk(kind, *, private=False, **members):
    """A key as a JWK set has it."""
    known = "rsa" if kind == "weak" else kind
    algorithm = next(name for name, of in PUBLIC_KEY_ALGORITHMS.items() if of == known)
    key = private_key(kind) if private else private_key(kind).public_key()
    return json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(key)) | members


def theirs(kind, algorithm, **headers):
    """A token that somebody else's PyJWT made."""
    return jwt.encode({"sub": "5"}, private_pem(kind), algorithm, headers=headers)


class PEMTests(SynchronousTestCase):
    def test_every_algorithm_reads_what_pyjwt_writes_and_the_other_way_round(self):
        for algorithm, kind in PUBLIC_KEY_ALGORITHMS.items():
            manager = JSONWebTokenManager(private_pem(kind), algorithms=(algorithm,))
            self.assertEqual("5", manager.verify(theirs(kind, algorithm))["sub"], algorithm)
            made = manager.generate(sub="6")
            self.assertEqual("6", jwt.decode(made, public_pem(kind), [algorithm])["sub"], algorithm)

    def test_the_first_algorithm_signs_and_the_others_verify(self):
        manager = JSONWebTokenManager(private_pem("rsa"), algorithms=("RS512", "RS256"))
        self.assertEqual("RS512", jwt.get_unverified_header(manager.generate())["alg"])
        self.assertEqual("5", manager.verify(theirs("rsa", "RS256"))["sub"])
        self.assertRaises(InvalidSignatureException, manager.verify, theirs("rsa", "RS384"))

    def test_a_manager_may_sign_with_one_key_and_verify_with_another(self):
        manager = JSONWebTokenManager(
            private_pem("p256"), verify_key=private_pem("p256"), algorithms=("ES256",)
        )
        self.assertEqual("5", manager.verify(manager.generate(sub="5"))["sub"])
        other = jwk("p256", kid="other")
        beside = JSONWebTokenManager(
            private_pem("ed25519"),
            jwks={"keys": [jwk("ed25519", kid="a"), other]},
            algorithms="EdDSA",
        )
        for headers in ({}, {"kid": "a"}, {"kid": "unknown"}):
            self.assertEqual("5", beside.verify(theirs("ed25519", "EdDSA", **headers))["sub"])

    def test_keys_that_do_not_fit_are_refused_with_the_reason(self):
        for told, options in (
            ("2048", {"key": private_pem("weak"), "algorithms": ("RS256",)}),
            ("curve", {"key": private_pem("p384"), "algorithms": ("ES256",)}),
            ("curve", {"verify_key": public_pem("p256"), "algorithms": ("ES512",)}),
            ("RS256", {"key": private_pem("p256"), "algorithms": ("RS256",)}),
            ("one family", {"key": private_pem("rsa"), "algorithms": ("RS256", "PS256")}),
            ("one family", {"key": private_pem("rsa"), "algorithms": ("RS256", "ES256")}),
            ("secret goes with none", {"key": SECRET, "algorithms": ("HS256", "ES256")}),
            ("not int", {"key": 5}),
            ("not list", {"verify_key": [], "algorithms": ("RS256",)}),
            ("no secret", {"key": public_pem("rsa")}),
            ("no secret", {"key": "ssh-rsa AAAA" + SECRET}),
            ("32 bytes", {"key": "ä" * 15}),
            ("'none' is no algorithm", {"key": SECRET, "algorithms": ("none",)}),
            ("'NONE' is no algorithm", {"key": SECRET, "algorithms": "NONE"}),
            ("name an algorithm", {"key": SECRET, "algorithms": ()}),
            ("need a key", {}),
        ):
            error = self.assertRaises(ConfigurationError, JSONWebTokenManager, **options)
            self.assertIn(told, str(error))


class JWKSetTests(SynchronousTestCase):
    def manager(self, *keys, algorithms=("RS256", "ES256")):
        return JSONWebTokenManager(jwks={"keys": list(keys)}, algorithms=algorithms)

    def test_keys_of_several_kinds_are_used_side_by_side(self):
        manager = self.manager(jwk("rsa", kid="r"), jwk("p256", kid="e"))
        self.assertEqual("5", manager.verify(theirs("rsa", "RS256", kid="r"))["sub"])
        self.assertEqual("5", manager.verify(theirs("p256", "ES256", kid="e"))["sub"])

    def test_a_key_is_only_used_for_its_own_algorithm(self):
        """Though another is accepted for other keys, and would fit this one."""
        manager = self.manager(
            jwk("rsa", kid="a", alg="RS256"), jwk("rsa", kid="b", alg="RS512"),
            algorithms=("RS256", "RS512"),
        )  # fmt: skip
        self.assertEqual("5", manager.verify(theirs("rsa", "RS512", kid="b"))["sub"])
        for token in (
            theirs("rsa", "RS512", kid="a"),
            theirs("p256", "ES256", kid="a"),
            jwt.encode({"sub": "5"}, SECRET, "HS256", headers={"kid": "a"}),
            jwt.encode({"sub": "5"}, None, "none", headers={"kid": "a"}),
            theirs("rsa", "RS256", kid="c"),
            theirs("rsa", "RS256"),
        ):
            self.assertRaises(InvalidSignatureException, manager.verify, token)

    def test_a_key_without_an_algorithm_is_used_for_what_its_kind_is_for(self):
        manager = self.manager(jwk("rsa", kid="a"), algorithms=("PS256", "RS512"))
        for algorithm in ("PS256", "RS512"):
            self.assertEqual("5", manager.verify(theirs("rsa", algorithm, kid="a"))["sub"])
        token = theirs("rsa", "RS256", kid="a")
        self.assertRaises(InvalidSignatureException, manager.verify, token)

    def test_a_private_key_in_the_set_verifies_too(self):
        manager = self.manager(jwk("p256", private=True, kid="a"))
        self.assertEqual("5", manager.verify(theirs("p256", "ES256", kid="a"))["sub"])

    def test_the_first_of_two_keys_of_one_name_counts(self):
        manager = self.manager(jwk("rsa", kid="a"), jwk("p256", kid="a"))
        self.assertEqual("5", manager.verify(theirs("rsa", "RS256", kid="a"))["sub"])

    def test_keys_that_cannot_verify_are_passed_over(self):
        """RFC 7517 section 5; and a set in which none is left is refused."""
        useless = (
            5, {}, jwk("rsa"), jwk("rsa", kid=5), jwk("rsa", kid="enc", use="enc"),
            jwk("weak", kid="weak"), {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
            {"kty": "RSA", "kid": "broken", "n": "AQAB"}, jwk("p384", kid="p384"),
            jwk("rsa", kid="other", alg="HS256"),
        )  # fmt: skip
        for key in useless:
            self.assertRaises(ConfigurationError, self.manager, key)
        manager = self.manager(*useless, jwk("rsa", kid="good", use="sig"))
        self.assertEqual("5", manager.verify(theirs("rsa", "RS256", kid="good"))["sub"])

    def test_what_is_no_jwk_set_is_refused(self):
        for wrong in ({}, {"keys": 5}, {"keys": {}}, [], "x", 5):
            error = self.assertRaises(
                ConfigurationError, JSONWebTokenManager, jwks=wrong, algorithms="RS256"
            )
            self.assertIn("JWK set", str(error))
