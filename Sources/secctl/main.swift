// secctl: everything is in ControlCommands, so that tests reach it.
import ControlCommands

await Secctl.start()
