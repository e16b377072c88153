"""A stand-in for Terraform providers: it knows their schemas, and makes nothing.

    uv run --no-project --with tf==1.2.0 python infra_provider.py SCHEMAS

SCHEMAS is a JSON file, provider address to schema (infra_schema.Schema.to_json). It prints one line, the value of
TF_REATTACH_PROVIDERS with which the real terraform uses these instead of installed providers, and serves until
its standard input ends. With it `terraform validate` and `terraform test` (mock_provider) check a configuration
against what the providers really take. It runs in an environment of its own: the protocol's messages in `tf`
need an older protobuf than the server does.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from concurrent import futures
from importlib import import_module
from pathlib import Path
from typing import Any

# By name: neither has types, and this file is checked in an environment without `tf`.
grpc: Any = import_module("grpc")
messages: Any = import_module("tf.gen.tfplugin_pb2")
service: Any = import_module("tf.gen.tfplugin_pb2_grpc")

_NESTING = messages.Schema.NestedBlock.NestingMode
_SILENT = ("ValidateProviderConfig", "ValidateResourceConfig", "ValidateDataResourceConfig", "ConfigureProvider")


def _stand_in(schema: dict[str, Any]) -> Any:
    """Answers what the schema is, and agrees to the rest. What else Terraform asks in a test, it mocks itself."""
    answer = messages.GetProviderSchema.Response(
        provider=_schema(schema["provider"]),
        resource_schemas={name: _schema(block) for name, block in schema["resources"].items()},
        data_source_schemas={name: _schema(block) for name, block in schema["data"].items()},
    )
    servicer = service.ProviderServicer()
    servicer.GetProviderSchema = lambda request, context: answer
    for name in (*_SILENT, "StopProvider"):
        agreed = getattr(messages, name).Response()
        setattr(servicer, name, lambda request, context, agreed=agreed: agreed)
    return servicer


def _schema(block: dict[str, Any]) -> object:
    return messages.Schema(version=0, block=_block(block))


def _block(block: dict[str, Any]) -> object:
    return messages.Schema.Block(
        attributes=[
            messages.Schema.Attribute(
                name=name,
                type=attribute["type"].encode(),
                required=attribute["required"],
                optional=attribute["optional"],
                computed=attribute["computed"],
            )
            for name, attribute in block["attributes"].items()
        ],
        block_types=[_nested(name, inner) for name, inner in block["blocks"].items()],
    )


def _nested(name: str, block: dict[str, Any]) -> object:
    """timeouts is the one block that Terraform itself gives every resource, as an object and no list."""
    nesting = _NESTING.SINGLE if name == "timeouts" else _NESTING.LIST
    several = 0 if block["many"] or name == "timeouts" else 1
    needed = 1 if block["required"] else 0
    return messages.Schema.NestedBlock(
        type_name=name, block=_block(block), nesting=nesting, min_items=needed, max_items=several
    )


def _serve(schema: dict[str, Any], socket: Path) -> Any:
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)])
    service.add_ProviderServicer_to_server(_stand_in(schema), server)
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    return server


def main() -> None:
    schemas = json.loads(Path(sys.argv[1]).read_text())
    with tempfile.TemporaryDirectory() as folder:
        servers, addresses = [], {}
        for number, (address, schema) in enumerate(schemas.items()):
            socket = Path(folder, f"{number}.sock")
            servers.append(_serve(schema, socket))
            addresses[address] = {
                "Protocol": "grpc",
                "ProtocolVersion": 6,
                "Pid": os.getpid(),
                "Test": True,
                "Addr": {"Network": "unix", "String": str(socket)},
            }
        print(json.dumps(addresses), flush=True)
        sys.stdin.read()
        for server in servers:
            server.stop(None)


if __name__ == "__main__":
    main()
