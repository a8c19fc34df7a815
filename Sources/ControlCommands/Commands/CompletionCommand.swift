public import ArgumentParser

/// `secctl completion`: a script that teaches a shell our commands.
public struct CompletionCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print the completion script of a shell.",
        discussion: """
              secctl completion bash > /etc/bash_completion.d/secctl
              secctl completion zsh > "${fpath[1]}/_secctl"
              secctl completion fish > ~/.config/fish/completions/secctl.fish
            """)

    /// The shells that are known.
    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    public init() {}

    public func run() throws {
        let known: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        let out = Output()
        do {
            try out.line(Secctl.completionScript(for: known))
            try out.flush()
        } catch is OutputClosed {
            return
        }
    }
}
