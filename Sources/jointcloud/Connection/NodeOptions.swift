import ArgumentParser
import Engine
import Glibc
import Interface
import Node

/// Which data folder a command is about.
struct DataOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The data folder of the node; also JOINTCLOUD_DATA.", valueName: "dir"))
  var data: String?

  /// The data folder that was named.
  func folder() throws -> DataFolder {
    guard let path = data ?? Environment.variable("JOINTCLOUD_DATA") else {
      throw Failure(
        .usage, "which node? no data folder is named", next: "give --data DIR, or export JOINTCLOUD_DATA=DIR")
    }
    return DataFolder(at: path)
  }
}

/// Which node to talk to.
struct NodeOptions: ParsableArguments {
  @OptionGroup var place: DataOptions

  @Option(help: ArgumentHelp("The node's HTTP address instead, such as http://127.0.0.1:8080.", valueName: "url"))
  var http: String?

  @Option(
    help: ArgumentHelp("The bearer token for --http (keys/api.token); also JOINTCLOUD_TOKEN.", valueName: "token"))
  var token: String?

  var data: String? { place.data }

  /// The data folder that was named.
  func folder() throws -> DataFolder { try place.folder() }

  func endpoint() throws -> Endpoint {
    if let http {
      guard ["http://", "https://"].contains(where: http.hasPrefix) else {
        throw Failure(
          .usage, "--http \(http) is not a URL that begins with http:// or https://", next: "--http http://HOST:PORT")
      }
      return .http(url: http, token: token ?? Environment.variable("JOINTCLOUD_TOKEN") ?? "")
    }
    let folder = try folder()
    try folder.requireInitialised()
    try EndpointFile.refuseCopy(folder)
    guard let running = try EndpointFile.ofRunning(in: folder) else {
      throw ClientError.notRunning(endpoint: folder.given, next: "jointcloud node run --data \(folder.typed)")
    }
    return .socket(path: running.socketPath, dataFolder: folder.given)
  }

  /// A node that is well says at once that it is there, also where an answer takes longer.
  private static let signOfLife = Duration.seconds(5)

  /// Opens a client for the length of `body`, once the node has shown a sign of life.
  func withNode<Value>(_ body: (Client) async throws -> Value) async throws -> Value {
    do {
      return try await Client.withClient(to: try endpoint()) { client in
        try await client.requireLife(within: Self.signOfLife)
        return try await body(client)
      }
    } catch let error as ClientError {
      throw explained(error)
    }
  }

  /// Says of a node that does not answer what its process does, where this machine can see that.
  private func explained(_ error: ClientError) -> any Error {
    guard let http else {
      guard let folder = try? folder(), let process = FolderProcess.named(in: folder) else { return error }
      return NodeSilence(folder: folder, process: process).explained(error)
    }
    guard case .timedOut(_, let endpoint) = error else { return error }
    return Failure(
      .timedOut, "the node at \(endpoint) does not answer in time",
      next:
        "look whether it runs, and whether it can be reached: curl --max-time 5 \(ShellWord.quoted(http + "/healthz"))")
  }
}

enum Environment {
  static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }
}
