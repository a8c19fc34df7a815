/// What a changed configuration means for a daemon that runs.
public struct ConfigurationChange: Sendable {
    /// The configuration in force afterwards.
    public let configuration: AgentConfiguration
    /// Settings that changed and are in force, by name.
    public let adopted: [String]
    /// Settings that changed and wait for a restart.
    public let postponed: [String]
}

extension Setting {
    /// Names of the settings that a running daemon takes over at SIGHUP. Everything else decides what is
    /// opened, sized or loaded at start.
    private static let reloadable: Set<String> = [
        "log-level", "events.process.fork", "events.process.sha256", "events.redact", "events.socket.unix",
        "processes.memory", "workloads.hook-fail-closed",
    ]

    /// Whether a reload changes it.
    public var isReloadable: Bool { Self.reloadable.contains(name) }
}

extension AgentConfiguration {
    /// Takes over from `new` what a running daemon can take over.
    public func change(to new: AgentConfiguration) -> ConfigurationChange {
        var merged = self
        var adopted: [String] = []
        var postponed: [String] = []
        for setting in SettingTable.all where setting.text(in: new) != setting.text(in: self) {
            guard setting.isReloadable else {
                postponed.append(setting.name)
                continue
            }
            setting.copy(new, &merged)
            merged.origins[setting.name] = new.origins[setting.name]
            adopted.append(setting.name)
        }
        return ConfigurationChange(configuration: merged, adopted: adopted, postponed: postponed)
    }
}
