// swift-tools-version: 6.2
// The targets of the suite, bottom up; arrows point down only (docs/architecture.md).
import PackageDescription

/// Settings of every Swift target of ours: the strictest that the toolchain offers.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// The targets that every event passes through. Optimised across modules, and without run-time
/// exclusivity checks (3 % each of the cost of an event, measured): the data of the event path has a
/// single owner, and the compiler still checks exclusivity statically.
let eventPath: [SwiftSetting] =
    strict + [
        .unsafeFlags(
            ["-cross-module-optimization", "-enforce-exclusivity=unchecked"], .when(configuration: .release))
    ]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = strict,
    plugins: [Target.PluginUsage] = []
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings, plugins: plugins)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "secd",
    products: [
        .executable(name: "secd", targets: ["secd"]),
        .executable(name: "secctl", targets: ["secctl"]),
        .executable(name: "secbench", targets: ["secbench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    ],
    targets: [
        // C: headers and module maps, no logic.
        .target(name: "CEventABI", path: "bpf/abi", publicHeadersPath: "."),
        .target(name: "CLinuxShims"),
        .target(name: "CTextScan"),
        .target(name: "CBenchShims"),
        .systemLibrary(name: "CLibbpf", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),
        .target(name: "CBPFShims", dependencies: ["CLibbpf"]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // BPF objects: compiled by the plugin, embedded as text, decoded at start.
        .executableTarget(name: "bpf-embed", swiftSettings: strict),
        .plugin(name: "BPFBuild", capability: .buildTool(), dependencies: ["bpf-embed"]),
        library("BPFObjects", plugins: ["BPFBuild"]),

        // System: owned descriptors, BPF objects, text and wire encoding.
        library("LinuxSystem", ["CLinuxShims", system]),
        library(
            "BPFRuntime", ["LinuxSystem", "CLibbpf", "CBPFShims", "CLinuxShims", system], settings: eventPath),
        // Questions of fanotify, answered by whoever judges them.
        library("FilePrevention", ["LinuxSystem", "CLinuxShims", system]),
        library("TextEncoding", ["CTextScan"], settings: eventPath),
        library("YAMLReader", ["CYaml"]),
        library("JSONTree"),

        // Model: values only.
        library("WorkloadModel"),
        library(
            "EventModel", ["TextEncoding", "CTextScan", "CEventABI", "WorkloadModel"], settings: eventPath),
        library("AgentModel"),
        library("PolicyModel"),
        // Pods, namespaces, nodes as the API of Kubernetes and manifests have them.
        library("KubernetesObjects", ["JSONTree"]),

        // Logic: pure functions and single-owner state.
        library("EventFilters", ["EventModel", "CEventABI"]),
        library("EventDecoder", ["EventModel", "PolicyModel", "CEventABI"], settings: eventPath),
        library("ProcessTree", ["EventModel", "CEventABI"], settings: eventPath),
        // Labels and their numbers: values, and the state of one who gives numbers out.
        library("SecurityIdentity", ["WorkloadModel"]),
        library("Configuration", ["YAMLReader"]),
        library("PolicyCompiler", ["PolicyModel", "YAMLReader"]),
        // What policies mean, without tables: judges the compiler and explains events.
        library("PolicyReference", ["PolicyModel"]),

        // Effects: everything that touches the world.
        library(
            "Sensors",
            [
                "BPFRuntime", "BPFObjects", "LinuxSystem", "AgentModel", "PolicyCompiler", "PolicyModel",
                "CLinuxShims", "CEventABI", logging, system,
            ]),
        // Policies in the kernel: tables packed into maps, programs loaded, generations flipped.
        library(
            "PolicyEngine",
            [
                "PolicyCompiler", "PolicyModel", "BPFRuntime", "BPFObjects", "LinuxSystem", "CEventABI",
                "FilePrevention", "CLinuxShims", logging, system,
            ]),
        // The API of a cluster: lists and watches, bounded, with all that may go wrong.
        library(
            "KubernetesClient",
            [
                "KubernetesObjects", "JSONTree", "YAMLReader", "LinuxSystem",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        // Who runs in which cgroup: runtimes, by their state directories and their APIs.
        library(
            "Workloads",
            [
                "WorkloadModel", "KubernetesClient", "KubernetesObjects", "JSONTree", "YAMLReader",
                "LinuxSystem", "TextEncoding",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                logging, system,
            ]),
        // Where identities are kept: a file, or etcd.
        library(
            "IdentityStores",
            [
                "SecurityIdentity", "LinuxSystem", "TextEncoding", "CZlib",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                logging, system,
            ]),
        library(
            "Export",
            ["EventModel", "LinuxSystem", "TextEncoding", "CSystemd", "CZlib", "AgentModel", system, logging]),
        // Generated messages (export/proto/generate.sh), alone so that they compile once.
        .target(
            name: "ControlProtos", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            swiftSettings: [.swiftLanguageMode(.v6)]),
        library(
            "ControlAPI",
            [
                "AgentModel", "EventModel", "EventFilters", "ControlProtos", "LinuxSystem", system,
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "X509", package: "swift-certificates"),
                logging,
            ]),

        // Product: wiring; the executables are a few lines each.
        library(
            "AgentCore",
            [
                "Sensors", "Export", "ControlAPI", "EventFilters", "EventDecoder", "ProcessTree",
                "PolicyEngine", "FilePrevention", "Workloads", "WorkloadModel", "SecurityIdentity",
                "IdentityStores", "KubernetesClient", "KubernetesObjects", "JSONTree",
                "Configuration", "YAMLReader", "PolicyCompiler", "PolicyModel", "PolicyReference",
                "EventModel", "AgentModel", "LinuxSystem", "BPFRuntime", "TextEncoding", "CEventABI",
                "CSystemd", "CLinuxShims", system,
                .product(name: "Crypto", package: "swift-crypto"),
                logging, arguments,
            ], settings: eventPath),
        library(
            "ControlCommands",
            [
                "ControlAPI", "AgentModel", "EventModel", "EventFilters", "PolicyCompiler", "PolicyModel",
                "PolicyReference", "PolicyEngine", "YAMLReader", "JSONTree", "Sensors", "Configuration",
                "LinuxSystem",
                "CSystemd", "CZlib", arguments,
            ]),
        library("EventReference", ["EventModel", "TextEncoding", "WorkloadModel", "CEventABI"]),
        program("event-reference", ["EventReference"]),
        program("secd", ["AgentCore", arguments]),
        program("secctl", ["ControlCommands"]),
        program(
            "secbench",
            [
                "AgentCore", "Sensors", "EventModel", "AgentModel", "CEventABI", "CBenchShims", "CBPFShims",
                "BPFRuntime", "BPFObjects", "LinuxSystem", "PolicyEngine", "PolicyCompiler", "PolicyModel",
                "SecurityIdentity", "WorkloadModel", arguments, logging,
            ]),

        // Tests: pure logic first; KernelTests need root and run in the vm tier too.
        .target(
            name: "TestSupport", dependencies: ["EventReference"], path: "Tests/TestSupport",
            swiftSettings: strict),
        tests("FilePreventionTests", ["FilePrevention", "LinuxSystem", system]),
        tests("WorkloadModelTests", ["WorkloadModel"]),
        tests("SecurityIdentityTests", ["SecurityIdentity", "EventFilters", "WorkloadModel"]),
        tests(
            "IdentityStoresTests",
            ["IdentityStores", "SecurityIdentity", "LinuxSystem", "TextEncoding", logging]),
        tests(
            "WorkloadsTests",
            [
                "Workloads", "WorkloadModel", "KubernetesClient", "KubernetesObjects", "JSONTree",
                "YAMLReader", "LinuxSystem", "TextEncoding", logging,
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
            ]),
        tests(
            "KubernetesClientTests",
            [
                "KubernetesClient", "KubernetesObjects", "JSONTree", "YAMLReader", "AgentCore", "AgentModel",
                "PolicyModel", "Workloads", "WorkloadModel", logging,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
            ]),
        tests("TextEncodingTests", ["TextEncoding", "TestSupport"]),
        tests("EventABITests", ["CEventABI"]),
        tests(
            "EventDecoderTests", ["EventDecoder", "CEventABI", "TestSupport", "EventModel", "PolicyModel"]),
        tests("ProcessTreeTests", ["ProcessTree", "EventModel", "CEventABI", "TestSupport"]),
        tests(
            "EventModelTests",
            [
                "EventModel", "WorkloadModel", "TextEncoding", "CEventABI", "EventReference", "TestSupport",
                "ControlProtos",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]),
        tests("EventReferenceTests", ["EventReference", "EventModel", "TestSupport"]),
        tests(
            "ControlCommandsTests",
            [
                "ControlCommands", "ControlAPI", "EventFilters", "EventModel", "AgentModel", "PolicyCompiler",
                "PolicyModel", "Sensors", "Configuration", "JSONTree", "LinuxSystem", arguments,
            ]),
        tests(
            "ControlAPITests",
            [
                "ControlAPI", "ControlProtos", "EventFilters", "EventModel", "AgentModel", "TestSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                logging,
            ]),
        tests(
            "EventFiltersTests", ["EventFilters", "EventModel", "EventReference", "CEventABI", "TestSupport"]),
        tests("LinuxSystemTests", ["LinuxSystem", system]),
        tests("ConfigurationTests", ["Configuration", "YAMLReader"]),
        tests("PolicyCompilerTests", ["PolicyCompiler", "PolicyModel", "YAMLReader"]),
        tests(
            "PolicyEngineTests",
            [
                "PolicyEngine", "PolicyCompiler", "PolicyModel", "PolicyReference", "YAMLReader", "CEventABI",
            ]),
        tests("PolicyReferenceTests", ["PolicyReference", "PolicyCompiler", "PolicyModel", "YAMLReader"]),
        tests(
            "ExportTests",
            [
                "Export", "EventModel", "AgentModel", "LinuxSystem", "TextEncoding", "CLinuxShims", system,
                logging,
            ]),
        tests(
            "AgentCoreTests",
            [
                "AgentCore", "AgentModel", "Configuration", "EventDecoder", "EventModel", "EventReference",
                "Export", "ProcessTree",
                "LinuxSystem", "CEventABI", "PolicyCompiler", "PolicyEngine", "PolicyModel", "TestSupport",
                "WorkloadModel", "Workloads", "KubernetesObjects", "KubernetesClient", "JSONTree",
                "SecurityIdentity", "IdentityStores",
                .product(name: "Crypto", package: "swift-crypto"), logging,
            ]),
        tests(
            "DaemonTests",
            [
                "AgentCore", "AgentModel", "BPFRuntime", "Configuration", "ControlAPI", "EventFilters",
                "EventModel", "LinuxSystem", "TestSupport", "TextEncoding", "Workloads",
            ]),
        .target(name: "CTestActivity", path: "Tests/CTestActivity"),
        tests(
            "KernelTests",
            [
                "AgentCore", "AgentModel", "Sensors", "BPFObjects", "BPFRuntime", "EventModel", "LinuxSystem",
                "PolicyCompiler", "PolicyEngine", "PolicyModel", "YAMLReader", "CEventABI", system,
                "EventFilters", "FilePrevention", "CTestActivity", "TestSupport", logging,
            ]),
    ]
)
