import AgentCore
import Logging
try thinSlice(Logger(label: "x"))
