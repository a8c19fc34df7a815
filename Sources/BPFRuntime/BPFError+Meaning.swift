import SystemPackage

extension BPFError {
    /// For whoever asked for something and has not written these programs: what the kernel's refusal means,
    /// and what was refused. The verifier's words are in `log` alone.
    public var meaning: String {
        "\(sentence) (cannot \(operation) \(object): \(errno.description))"
    }

    private var sentence: String {
        switch errno {
        case .notPermitted: "the kernel does not allow it: secd lacks rights, or the kernel is locked down"
        case .noMemory: "the kernel has no memory for it"
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
            "there are no descriptors left (LimitNOFILE of the service)"
        case .argListTooLong, .noSpace:
            operation == "load"
                ? "the program that it needs is more than this kernel's verifier looks at"
                : "there is no room for it in the tables that programs share"
        default: isVerifier ? Self.verifier : operationsSentence
        }
    }

    private static let verifier =
        "the kernel's verifier refuses the program that it needs: a limit of this kernel, or a fault of secd, "
        + "not of the policy; the log has its words at level debug"

    /// The verifier has read the program, and stopped somewhere.
    private var isVerifier: Bool {
        operation == "load" && (errno == .permissionDenied || log.contains("processed "))
    }

    private var operationsSentence: String {
        switch (operation, errno) {
        case ("load", _): "this kernel does not take the program that it needs"
        case ("attach", .noSuchFileOrDirectory), ("attach", .noSuchProcess):
            "the place is not there, or not any more"
        case ("attach", .resourceBusy), ("attach", .fileExists): "something else holds the place"
        case ("attach", _): "this kernel lets no program be put there"
        default: "the kernel does not take it"
        }
    }
}
