from coredata_async.sandbox.bucket import Bucket as Bucket
from coredata_async.sandbox.embedded import Sandbox as Sandbox
from coredata_async.sandbox.embedded import SandboxThread as SandboxThread
from coredata_async.sandbox.faults import Fault as Fault
from coredata_async.sandbox.faults import Faults as Faults
from coredata_async.sandbox.server import SandboxServer as SandboxServer
from coredata_async.sandbox.state import Seen as Seen
from coredata_async.sandbox.state import State as State
