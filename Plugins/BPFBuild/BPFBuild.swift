import PackagePlugin

/// Compiles every `*.bpf.c` twice (see bpf/kernel/access.h) and turns the objects into Swift source.
@main
struct BPFBuild: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
        let folder = context.package.directoryURL.appending(path: "bpf")
        let sources = try Sources(folder: folder)
        let objects = context.pluginWorkDirectoryURL.appending(path: "objects")
        let generated = context.pluginWorkDirectoryURL.appending(path: "generated")
        let clang = try context.tool(named: "clang").url
        let embed = try context.tool(named: "bpf-embed").url

        return sources.programs.flatMap { program -> [Command] in
            let name = program.lastPathComponent.replacing(".bpf.c", with: "")
            return Variant.all.flatMap { variant -> [Command] in
                let object = objects.appending(path: "\(name)\(variant.suffix).bpf.o")
                let swift = generated.appending(path: "BPFObject+\(name)\(variant.suffix).swift")
                return [
                    .buildCommand(
                        displayName: "Compiling BPF \(name)\(variant.suffix)",
                        executable: clang,
                        arguments: Variant.flags + variant.flags + [
                            "-c", program.path(), "-o", object.path(),
                        ],
                        inputFiles: [program] + sources.headers,
                        outputFiles: [object]),
                    .buildCommand(
                        displayName: "Embedding BPF \(name)\(variant.suffix)",
                        executable: embed,
                        arguments: [object.path(), swift.path(), "\(name)\(variant.symbol)"],
                        inputFiles: [object],
                        outputFiles: [swift]),
                ]
            }
        }
    }
}

/// One way to compile a program.
struct Variant {
    var suffix: String
    var symbol: String
    var flags: [String]

    static let all = [
        Variant(suffix: "", symbol: "", flags: []),
        Variant(suffix: ".probe", symbol: "Probe", flags: ["-DSECD_PROBE_READS"]),
    ]

    /// `-mcpu=v3`: 32-bit registers and atomics, in every kernel that we support.
    static let flags = [
        "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Werror",
        // BPF_CORE_READ declares a result of a const field's type; libbpf 1.1.
        "-Wno-unknown-warning-option", "-Wno-default-const-init-var-unsafe",
        "-D__TARGET_ARCH_x86",
    ]
}
