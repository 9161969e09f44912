"""A game in Python: calls everything that the SDK of Agones has, over gRPC, and tells what it saw.

Usage: agones_sdk.py HOST:PORT FOLDER, where FOLDER has what protoc made of the protocol.
"""
import itertools
import queue
import sys
import threading

sys.path.insert(0, sys.argv[2])

import grpc  # noqa: E402
from google.protobuf import field_mask_pb2, wrappers_pb2  # noqa: E402

import alpha_pb2, alpha_pb2_grpc, beta_pb2, beta_pb2_grpc, sdk_pb2, sdk_pb2_grpc  # noqa: E401, E402

channel = grpc.insecure_channel(sys.argv[1])
grpc.channel_ready_future(channel).result(timeout=30)
core, alpha, beta = sdk_pb2_grpc.SDKStub(channel), alpha_pb2_grpc.SDKStub(channel), beta_pb2_grpc.SDKStub(channel)
nothing = sdk_pb2.Empty()
seen = queue.Queue()


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r}, wanted {wanted!r}")


def refused(call, message, code=grpc.StatusCode.UNKNOWN):
    try:
        call()
    except grpc.RpcError as error:
        equal((error.code(), error.details()), (code, message))
    else:
        raise AssertionError("it was not refused")


def follow():
    try:
        for server in watching:
            seen.put(server)
    except grpc.RpcError:
        pass


def sees(what):
    """Waits until the watch shows a server of which this is true."""
    for _ in range(100):
        if what(seen.get(timeout=10)):
            return
    raise AssertionError("the watch does not show it")


def server():
    got = core.GetGameServer(nothing)
    equal((got.object_meta.name, got.status.address, got.status.ports[0].port), ("local", "127.0.0.1", 7777))
    equal(got.object_meta.creation_timestamp > 1_700_000_000, True)
    equal(got.spec.health.period_seconds, 3)


def states():
    for call, state in ((core.Allocate, "Allocated"), (core.Ready, "Ready")):
        equal(call(nothing), nothing)
        sees(lambda got, state=state: got.status.state == state)
    core.Reserve(sdk_pb2.Duration(seconds=30))
    sees(lambda got: got.status.state == "Reserved")


def metadata():
    got = core.GetGameServer(nothing).object_meta
    core.SetLabel(sdk_pb2.KeyValue(key="born", value=str(got.creation_timestamp)))
    core.SetAnnotation(sdk_pb2.KeyValue(key="is", value=got.uid))
    sees(
        lambda now: now.object_meta.labels.get("agones.dev/sdk-born") == str(got.creation_timestamp)
        and now.object_meta.annotations.get("agones.dev/sdk-is") == got.uid
    )


def bad_metadata():
    for call in (core.SetLabel, core.SetAnnotation):
        try:
            call(sdk_pb2.KeyValue(key="no key", value="x"))
        except grpc.RpcError as error:
            equal(error.code(), grpc.StatusCode.INVALID_ARGUMENT)
        else:
            raise AssertionError("it was not refused")


def health():
    equal(core.Health(itertools.repeat(nothing, 5)), nothing)


def counters():
    update = lambda **fields: beta.UpdateCounter(  # noqa: E731
        beta_pb2.UpdateCounterRequest(counterUpdateRequest=beta_pb2.CounterUpdateRequest(name="rooms", **fields))
    )
    read = lambda: beta.GetCounter(beta_pb2.GetCounterRequest(name="rooms"))  # noqa: E731
    equal((read().count, read().capacity), (1, 10))
    equal(update(countDiff=3).count, 4)
    equal(update(countDiff=-1).count, 3)
    equal(update(count=wrappers_pb2.Int64Value(value=0)).count, 0)
    equal(update(capacity=wrappers_pb2.Int64Value(value=5)).capacity, 5)
    refused(
        lambda: update(countDiff=9),
        "out of range. Count must be within range [0,Capacity]. Found Count: 9, Capacity: 5",
    )
    refused(lambda: beta.GetCounter(beta_pb2.GetCounterRequest(name="cars")), "counter not found: cars")


def lists():
    read = lambda: beta.GetList(beta_pb2.GetListRequest(name="players"))  # noqa: E731
    equal(list(read().values), ["test0", "test1", "test2"])
    beta.AddListValue(beta_pb2.AddListValueRequest(name="players", value="ann"))
    beta.RemoveListValue(beta_pb2.RemoveListValueRequest(name="players", value="test0"))
    equal(list(read().values), ["test1", "test2", "ann"])
    wanted = beta_pb2.List(name="players", capacity=2, values=["bob"])
    beta.UpdateList(beta_pb2.UpdateListRequest(list=wanted, update_mask=field_mask_pb2.FieldMask(paths=["capacity", "values"])))
    equal((list(read().values), read().capacity), (["bob"], 2))
    refused(
        lambda: beta.RemoveListValue(beta_pb2.RemoveListValueRequest(name="players", value="eve")),
        "not found: value eve not in list players",
    )
    refused(lambda: beta.GetList(beta_pb2.GetListRequest(name="cars")), "list not found: cars")


def players():
    one = alpha_pb2.PlayerID(playerID="1234")
    for call in (
        lambda: alpha.PlayerConnect(one),
        lambda: alpha.PlayerDisconnect(one),
        lambda: alpha.IsPlayerConnected(one),
        lambda: alpha.SetPlayerCapacity(alpha_pb2.Count(count=1)),
        lambda: alpha.GetPlayerCapacity(alpha_pb2.Empty()),
        lambda: alpha.GetPlayerCount(alpha_pb2.Empty()),
        lambda: alpha.GetConnectedPlayers(alpha_pb2.Empty()),
    ):
        refused(call, "PlayerTracking not enabled")


def shutdown():
    core.Shutdown(nothing)
    sees(lambda got: got.status.state == "Shutdown")


watching = core.WatchGameServer(nothing)
threading.Thread(target=follow, daemon=True).start()
sees(lambda got: got.object_meta.name == "local")
for check in (server, states, metadata, bad_metadata, health, counters, lists, players, shutdown):
    try:
        check()
        print(f"ok {check.__name__}", flush=True)
    except Exception as error:  # noqa: BLE001
        print(f"failed {check.__name__}: {error}", flush=True)
watching.cancel()
