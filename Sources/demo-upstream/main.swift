/// The origin that quickstart, the cluster and its tests put behind Sluice: an HTTP/1.1 server that echoes what it
/// received and misbehaves on request. `demo-upstream --help` lists what it can do.
import Glibc

let arguments = CommandLine.arguments.dropFirst()
if arguments.contains("--help") || arguments.contains("-h") {
    print(Options.help)
    exit(0)
}
switch Options.parse(arguments) {
case .success(let options):
    do {
        try await serve(options)
    } catch {
        fail("cannot listen on \(options.host) \(options.ports): \(error)", status: 1)
    }
case .failure(let error):
    fail(error.message, status: 64)
}
