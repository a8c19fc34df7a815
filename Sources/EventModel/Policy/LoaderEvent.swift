import TextEncoding

/// An executable file was mapped by a process (`loader` of a policy).
public struct LoaderEvent: Sendable {
    /// As the host sees it.
    public var path: [UInt8]
    /// From the file's notes; empty = it has none.
    public var buildID: [UInt8]
    /// The policies that ask for it.
    public var policies: [PolicyRule]

    public init(path: [UInt8], buildID: [UInt8], policies: [PolicyRule]) {
        self.path = path
        self.buildID = buildID
        self.policies = policies
    }
}

extension LoaderEvent {
    func describe<V: FieldVisitor & ~Copyable>(_ process: ProcessObject?, _ visitor: inout V) {
        typealias F = PolicyFields
        visitor.process(EventFields.process, process, .standard)
        unsafe visitor.string(F.loadedPath, path.span.bytes)
        unsafe visitor.bytes(F.buildID, buildID.span.bytes)
        visitor.process(F.loaderParent, process?.parent, .standard)
        visitor.ancestors(F.loaderAncestors, of: process)
        let policies = policies
        visitor.messages(F.policies, count: policies.count) { visitor, index in
            visitor.string(F.name, policies[index].policy)
            visitor.string(F.namespace, policies[index].namespace)
        }
    }
}
