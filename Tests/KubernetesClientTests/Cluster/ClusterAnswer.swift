import JSONTree
import NIOCore
import NIOHTTP1

/// The answer to one request, by the rules of the API.
struct ClusterAnswer {
    private let request: ClusterRequest
    private let channel: any Channel
    private let resource: String
    private let kind: ClusterKind?
    private let namespace: String?
    private let name: String?

    init(_ request: ClusterRequest, _ channel: any Channel) {
        self.request = request
        self.channel = channel
        let version = request.path.hasPrefix("/apis/") ? 3 : 2
        var parts = request.path.split(separator: "/").dropFirst(version).map(String.init)
        // /api/v1/namespaces/NAME/pods, and /api/v1/namespaces/NAME itself.
        if parts.count > 2, parts[0] == "namespaces" {
            namespace = parts[1]
            parts.removeFirst(2)
        } else {
            namespace = nil
        }
        let resource = parts.first ?? ""
        self.resource = resource
        kind = ClusterKind.all.first { $0.resource == resource && request.path.hasPrefix($0.prefix) }
        name = parts.count > 1 ? parts[1] : nil
    }

    static func status(_ code: Int, _ reason: String, _ message: String) -> String {
        #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"\#(message)","#
            + #""reason":"\#(reason)","code":\#(code)}"#
    }

    func give(_ state: inout Cluster.State) {
        if request.path == "/pods" { return kubelet(state) }
        let kinds = ClusterKind.all.filter { state.hasPolicies || $0.apiVersion == "v1" }
        if let text = ClusterKind.discovery(kinds)[request.path] { return channel.send(.ok, text) }
        guard let kind, kinds.contains(where: { $0.kind == kind.kind }) else {
            return channel.send(.notFound, Self.status(404, "NotFound", "no such path"))
        }
        guard !state.forbidden.contains(resource) else {
            return channel.send(.forbidden, Self.status(403, "Forbidden", "\(resource) is forbidden"))
        }
        switch (request.method, name) {
        case ("GET", nil) where isTrue("watch"): watch(&state)
        case ("GET", nil): list(state)
        case ("GET", let name?): one(state, name)
        case ("POST", nil): write(&state, old: nil, .created)
        case ("PUT", let name?): write(&state, old: known(state, name), .ok)
        case ("PATCH", let name?):
            guard let old = known(state, name) else { return missing(name) }
            write(&state, old: old, .ok)
        case ("DELETE", let name?): delete(&state, name)
        default: channel.send(.methodNotAllowed, Self.status(405, "MethodNotAllowed", "not here"))
        }
    }

    private func isTrue(_ name: String) -> Bool { ["true", "1"].contains(request.query[name] ?? "") }

    private var selector: FieldSelector { FieldSelector(request.query["fieldSelector"] ?? "") }

    private func known(_ state: Cluster.State, _ name: String) -> JSONValue? {
        state.store.object(resource: resource, namespace: namespace, name: name)
    }

    private func missing(_ name: String) {
        channel.send(.notFound, Self.status(404, "NotFound", "\(resource) \(name) not found"))
    }

    private func one(_ state: Cluster.State, _ name: String) {
        guard let object = known(state, name) else { return missing(name) }
        channel.send(.ok, object.json)
    }

    // MARK: List and watch

    /// `continue` is VERSION:OFFSET; one from before the last compaction is too old.
    private func list(_ state: Cluster.State) {
        let all = state.store.list(resource, namespace, selector)
        let limit = request.query["limit"].flatMap { Int($0) } ?? 0
        var offset = 0
        var version = state.store.version
        if let next = request.query["continue"] {
            let parts = next.split(separator: ":").compactMap { Int($0) }
            guard parts.count == 2, parts[0] >= state.store.compacted else {
                return channel.send(.gone, Self.status(410, "Expired", "the continue parameter is too old"))
            }
            (version, offset) = (parts[0], parts[1])
        }
        let rest = all.dropFirst(offset)
        let page = limit > 0 ? Array(rest.prefix(limit)) : Array(rest)
        var metadata: [(key: String, value: JSONValue)] = [
            ("resourceVersion", .string(String(version)))
        ]
        if page.count < rest.count {
            metadata.append((key: "continue", value: .string("\(version):\(offset + page.count)")))
            metadata.append((key: "remainingItemCount", value: .number(String(rest.count - page.count))))
        }
        let items = page.map { $0.without("apiVersion", "kind") }
        channel.send(
            .ok,
            JSONValue.object([
                ("kind", .string((kind?.kind ?? "") + "List")),
                ("apiVersion", .string(kind?.apiVersion ?? "v1")),
                ("metadata", .object(metadata)), ("items", .array(items)),
            ]).json)
    }

    private func watch(_ state: inout Cluster.State) {
        let version = request.query["resourceVersion"].flatMap { Int($0) } ?? 0
        guard version == 0 || version >= state.store.compacted else {
            return channel.send(.gone, Self.status(410, "Expired", "too old resource version"))
        }
        let watch = Cluster.Watch(
            channel: channel, resource: resource, namespace: namespace, selector: selector)
        channel.begin()
        // From no version on: first what there is.
        for object in version == 0 ? state.store.list(resource, namespace, selector) : [] {
            let change = ClusterStore.Change(version: 0, type: "ADDED", resource: resource, object: object)
            channel.chunk(Cluster.line(change))
        }
        let missed = state.store.changes.filter { $0.version > version && version > 0 }
        for change in missed where Cluster.concerns(change, watch) {
            channel.chunk(Cluster.line(change))
        }
        state.watches.append(watch)
    }

    /// What the kubelet of node1 says: a list without a version, with its own notes on each pod.
    private func kubelet(_ state: Cluster.State) {
        let pods = state.store.list("pods", nil, FieldSelector("spec.nodeName=node1")).map { pod in
            let notes = pod["metadata"]["annotations"]
                .setting("kubernetes.io/config.seen", .string("2026-11-22T08:00:00.123456789Z"))
                .setting("kubernetes.io/config.source", .string("api"))
            return pod.setting("metadata", pod["metadata"].setting("annotations", notes))
        }
        channel.send(
            .ok,
            JSONValue.object([
                ("kind", .string("PodList")), ("apiVersion", .string("v1")), ("metadata", .object([])),
                ("items", .array(pods)),
            ]).json)
    }

    // MARK: Writes

    private func write(_ state: inout Cluster.State, old: JSONValue?, _ status: HTTPResponseStatus) {
        guard let body = try? JSONScanner.parse(request.body.span) else {
            return channel.send(.badRequest, Self.status(400, "BadRequest", "no JSON"))
        }
        let object = request.method == "PATCH" ? (old ?? .object([])).merged(with: body) : body
        let (stored, _) = state.store.put(object, resource: resource, namespace: namespace)
        Cluster.tell(&state)
        channel.send(status, stored.json)
    }

    private func delete(_ state: inout Cluster.State, _ name: String) {
        guard let last = state.store.remove(resource: resource, namespace: namespace, name: name) else {
            return missing(name)
        }
        Cluster.tell(&state)
        channel.send(.ok, last.json)
    }
}
