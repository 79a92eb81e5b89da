"""Options of `coredata worker` that become the values of an event-driven worker."""

from __future__ import annotations

from typing import Final

import click

from coredata_async.cli.options import value_option
from coredata_async.events.address import NatsAddress
from coredata_async.events.options import StoreOptions, WorkerOptions
from coredata_async.events.sources import SourceRules

_MORE_THAN_ZERO: Final = click.FloatRange(min=0, min_open=True)
_ONE_OR_MORE: Final = click.IntRange(min=1)
_SECONDS: Final = {"metavar": "SECONDS", "type": _MORE_THAN_ZERO}
_REPEATED: Final = {"multiple": True, "default": None}
_FOLDER: Final = click.Path(exists=True, file_okay=False)
_FILE: Final = {"metavar": "FILE", "type": click.Path(exists=True, dir_okay=False)}


QUEUE: Final = (
    value_option(WorkerOptions, "subject", "--events", "Subject of the messages.", metavar="SUBJECT"),
    value_option(
        NatsAddress,
        "url",
        "--nats",
        "NATS server with JetStream, as nats://HOST:4222, or tls://HOST:4222 for an encrypted connection. An "
        "address with a password belongs in NATS_URL, and a token in NATS_TOKEN.",
        metavar="URL",
        envvar="NATS_URL",
    ),
    value_option(
        WorkerOptions,
        "stream",
        "--stream",
        "Name of the stream to create if none has the subject.",
        metavar="NAME",
    ),
    value_option(
        WorkerOptions,
        "consumer",
        "--consumer",
        "Durable consumer, which all workers of the subject share. Default: coredata-worker.",
        metavar="NAME",
    ),
    value_option(
        WorkerOptions,
        "dead_letters",
        "--dead-letters",
        "Subject of dead letters. Default: the subject of the messages and .dead.",
        metavar="SUBJECT",
    ),
    value_option(
        WorkerOptions,
        "concurrency",
        "--concurrency",
        "Maximum number of messages at once. Default: 8.",
        metavar="N",
        type=click.IntRange(1, 256),
    ),
    value_option(
        WorkerOptions,
        "max_ack_pending",
        "--max-ack-pending",
        "Maximum number of messages that all workers together hold without an answer. Default: 1000.",
        metavar="N",
        type=_ONE_OR_MORE,
    ),
    value_option(
        WorkerOptions,
        "max_deliver",
        "--max-deliver",
        "Deliveries after which a message that fails becomes a dead letter. Default: 20.",
        metavar="N",
        type=_ONE_OR_MORE,
    ),
    value_option(
        WorkerOptions,
        "ack_wait",
        "--ack-wait",
        "Time after which NATS delivers the message of a dead worker again. Default: 30.",
        **_SECONDS,
    ),
    value_option(
        WorkerOptions,
        "grace",
        "--grace",
        "Maximum time for the files in progress after SIGTERM. Default: 30.",
        **_SECONDS,
    ),
)
SIGN_IN: Final = (
    value_option(
        NatsAddress,
        "token_file",
        "--token-file",
        "File with the token for NATS. It is read at each connection.",
        envvar="NATS_TOKEN_FILE",
        **_FILE,
    ),
    value_option(
        NatsAddress,
        "credentials",
        "--creds",
        "File with the credentials for NATS: a JWT and a seed.",
        envvar="NATS_CREDS",
        **_FILE,
    ),
    value_option(
        NatsAddress,
        "authorities",
        "--tls-ca",
        "Certificates to trust for NATS instead of those of the system. The connection is then encrypted.",
        envvar="NATS_CA",
        **_FILE,
    ),
    value_option(
        NatsAddress,
        "certificate",
        "--tls-cert",
        "Certificate of this worker, for a NATS server that verifies it.",
        envvar="NATS_CERT",
        **_FILE,
    ),
    value_option(
        NatsAddress,
        "private_key",
        "--tls-key",
        "Key of this certificate. Default: the file of the certificate.",
        envvar="NATS_KEY",
        **_FILE,
    ),
    value_option(
        NatsAddress,
        "tls_first",
        "--tls-first",
        "Begin the connection with TLS, as a NATS server with handshake_first expects. Without it, an "
        "attacker in the network may prevent the encryption.",
        is_flag=True,
    ),
)
SOURCES: Final = (
    value_option(
        SourceRules,
        "roots",
        "--root",
        "Folder that paths in messages must be below. [repeatable]",
        metavar="DIR",
        type=_FOLDER,
        **_REPEATED,
    ),
    value_option(
        SourceRules,
        "hosts",
        "--allow-host",
        "Host of https URLs in messages. [repeatable]",
        metavar="HOST[:PORT]",
        **_REPEATED,
    ),
    value_option(
        SourceRules,
        "networks",
        "--allow-network",
        "Private network that such a host may be in, as 10.1.0.0/16. [repeatable]",
        metavar="NETWORK",
        **_REPEATED,
    ),
)
RECORDS: Final = (
    value_option(
        StoreOptions,
        "address",
        "--records",
        "Where the upload records are kept: kv (a bucket of NATS), sqlite:PATH (for the workers of one "
        "machine), or postgresql://HOST/DATABASE; one with a password belongs in COREDATA_RECORDS. "
        "Default: kv.",
        metavar="STORE",
        envvar="COREDATA_RECORDS",
    ),
    value_option(
        StoreOptions,
        "bucket",
        "--bucket",
        "Name of the bucket; it is created if it does not exist. Default: coredata-records.",
        metavar="NAME",
    ),
    value_option(
        StoreOptions,
        "replicas",
        "--replicas",
        "Servers that keep a bucket or stream that is created. Default: 1.",
        metavar="N",
        type=click.IntRange(1, 5),
    ),
    value_option(
        StoreOptions,
        "monitor",
        "--monitor",
        "Monitoring port of a single NATS server, as http://HOST:8222. It shows that the server syncs every "
        "write, without which a bucket with less than 3 replicas is refused.",
        metavar="URL",
    ),
    value_option(
        StoreOptions,
        "allow_volatile",
        "--allow-volatile",
        "Accept records that a power cut may lose. Their Files may then be created twice.",
        is_flag=True,
    ),
)
OPTIONS: Final = (*QUEUE, *SIGN_IN, *SOURCES, *RECORDS)
