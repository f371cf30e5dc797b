/// Guesses the name that was meant by one that is not known.
///
/// - Parameters:
///   - name: What was written.
///   - names: What is known; of several equally near ones the first is taken.
/// - Returns: The nearest name, or nil if none is near.
func nearestName(to name: String, among names: [String]) -> String? {
    let nearest = names.map { (name: $0, distance: editDistance(name, $0)) }
        .min { $0.distance < $1.distance }
    guard let nearest, nearest.distance <= max(1, nearest.name.count / 3) else { return nil }
    return nearest.name
}

/// How many letters must be put in, taken out, replaced or swapped with their neighbour.
///
/// Case does not count. Source: the optimal string alignment distance.
private func editDistance(_ first: String, _ second: String) -> Int {
    // A name far longer than ours is near to none of them.
    let from = Array(first.lowercased().prefix(40))
    let into = Array(second.lowercased())
    var older: [Int] = []
    var row = Array(0...into.count)
    for i in from.indices {
        var next = [i + 1]
        for j in into.indices {
            let isSame = from[i] == into[j]
            var cost = min(next[j] + 1, row[j + 1] + 1, row[j] + (isSame ? 0 : 1))
            if i > 0, j > 0, from[i] == into[j - 1], from[i - 1] == into[j] {
                cost = min(cost, older[j - 1] + 1)
            }
            next.append(cost)
        }
        (older, row) = (row, next)
    }
    return row[into.count]
}
