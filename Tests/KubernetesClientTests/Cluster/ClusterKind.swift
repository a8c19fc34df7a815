/// A kind of object that the server in the tests keeps.
struct ClusterKind {
    let kind: String
    /// As paths have it.
    let resource: String
    let singular: String
    let short: String
    let isNamespaced: Bool
    /// As objects have it.
    let apiVersion: String

    /// In front of the collection, or of `namespaces/NAME/`.
    var prefix: String { (apiVersion == "v1" ? "/api/" : "/apis/") + apiVersion + "/" }

    static let all = [
        ClusterKind(
            kind: "Pod", resource: "pods", singular: "pod", short: "po", isNamespaced: true, apiVersion: "v1"),
        ClusterKind(
            kind: "Namespace", resource: "namespaces", singular: "namespace", short: "ns",
            isNamespaced: false,
            apiVersion: "v1"),
        ClusterKind(
            kind: "Node", resource: "nodes", singular: "node", short: "no", isNamespaced: false,
            apiVersion: "v1"),
        ClusterKind(
            kind: "TracingPolicy", resource: "tracingpolicies", singular: "tracingpolicy", short: "tp",
            isNamespaced: false, apiVersion: "cilium.io/v1alpha1"),
        ClusterKind(
            kind: "TracingPolicyNamespaced", resource: "tracingpoliciesnamespaced",
            singular: "tracingpolicynamespaced", short: "tpn", isNamespaced: true,
            apiVersion: "cilium.io/v1alpha1"),
    ]

    /// What a server says of the kinds that it knows.
    static func discovery(_ kinds: [ClusterKind]) -> [String: String] {
        let others = Set(kinds.map(\.apiVersion)).subtracting(["v1"]).sorted()
        var answers: [String: String] = [
            "/version": #"{"major":"1","minor":"32","gitVersion":"v1.32.0"}"#,
            "/api": #"{"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[]}"#,
            "/apis": #"{"kind":"APIGroupList","apiVersion":"v1","groups":["#
                + others.map(group).joined(separator: ",") + "]}",
        ]
        for version in ["v1"] + others {
            let resources = kinds.filter { $0.apiVersion == version }.map(\.description).joined(
                separator: ",")
            answers[(version == "v1" ? "/api/" : "/apis/") + version] =
                #"{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"\#(version)","resources":["#
                + resources + "]}"
        }
        return answers
    }

    private static func group(_ version: String) -> String {
        let parts = version.split(separator: "/")
        let pair = #"{"groupVersion":"\#(version)","version":"\#(parts[1])"}"#
        return #"{"name":"\#(parts[0])","versions":[\#(pair)],"preferredVersion":\#(pair)}"#
    }

    private var description: String {
        #"{"name":"\#(resource)","singularName":"\#(singular)","namespaced":\#(isNamespaced),"kind":"\#(kind)","#
            + #""shortNames":["\#(short)"],"verbs":["create","delete","get","list","patch","update","watch"]}"#
    }
}
