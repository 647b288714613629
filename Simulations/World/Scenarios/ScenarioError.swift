/// What is wrong with a scenario, and where.
package enum ScenarioError: Error, Equatable, CustomStringConvertible {
  case unreadable(reason: String)
  case wrongType(place: String, expected: String)
  case missingKey(place: String, key: String)
  case unknownKey(place: String, known: [String])
  case unknownWord(place: String, word: String, known: [String])
  case outOfRange(place: String, allowed: String)
  case tooMany(place: String, limit: Int)

  package var description: String {
    switch self {
    case .unreadable(let reason): "the scenario is no JSON of whole numbers: \(reason)"
    case .wrongType(let place, let expected): "\(place): expected \(expected)"
    case .missingKey(let place, let key): "\(place): \(key) is missing"
    case .unknownKey(let place, let known):
      "unknown key \(place); known here: \(known.sorted().joined(separator: ", "))"
    case .unknownWord(let place, let word, let known):
      "\(place): \"\(word)\" is not known; known here: \(known.joined(separator: ", "))"
    case .outOfRange(let place, let allowed): "\(place): allowed is \(allowed)"
    case .tooMany(let place, let limit): "\(place): at most \(limit)"
    }
  }
}
