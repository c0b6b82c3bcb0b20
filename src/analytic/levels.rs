//! Markov chains whose states lie on levels, with moves to the same level and its neighbours only:
//! the number inside, and whatever else must be known.
//!
//! Solved by elimination from the top, which is exact but for rounding; levels that repeat for ever
//! go down by one rate matrix.

/// Moves out of one level.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    size: usize,
    /// (state, state in the target level, rate).
    up: Vec<(usize, usize, f64)>,
    inside: Vec<(usize, usize, f64)>,
    down: Vec<(usize, usize, f64)>,
}

impl Level {
    /// A level of `size` ≥ 1 states without moves.
    pub(super) fn new(size: usize) -> Self {
        Self { size, ..Self::default() }
    }

    /// Adds a move to the level above.
    pub(super) fn up(&mut self, from: usize, to: usize, rate: f64) {
        self.up.push((from, to, rate));
    }

    /// Adds a move within the level; one to the same state is none.
    pub(super) fn inside(&mut self, from: usize, to: usize, rate: f64) {
        if from != to {
            self.inside.push((from, to, rate));
        }
    }

    /// Adds a move to the level below.
    pub(super) fn down(&mut self, from: usize, to: usize, rate: f64) {
        self.down.push((from, to, rate));
    }

    /// Rate to the level below, by state.
    fn leaves(&self) -> Vec<f64> {
        let mut leaves = vec![0.0; self.size];
        for &(from, _, rate) in &self.down {
            leaves[from] += rate;
        }
        leaves
    }

    /// Rates within the level, with minus the sum of all moves on the diagonal.
    fn local(&self) -> Matrix {
        let mut local = Matrix::zero(self.size, self.size);
        for &(from, to, rate) in &self.inside {
            local.add(from, to, rate);
        }
        for &(from, _, rate) in self.inside.iter().chain(&self.up).chain(&self.down) {
            local.add(from, from, -rate);
        }
        local
    }
}

/// Most levels that are followed.
const MOST: usize = 200_000;

/// Stationary probabilities by level and state of an endless chain whose levels from `servers` + 1 on
/// are alike, and of the size of level `servers`; `None` when the rate matrix is not found (no steady
/// state), and when more levels count than are followed.
pub(super) fn solve(level: impl Fn(u32) -> Level, rho: f64, servers: u32) -> Option<Vec<Vec<f64>>> {
    if rho >= 1.0 {
        return None;
    }
    let (below, repeating) = (level(servers), level(servers + 1));
    if below.size != repeating.size {
        return None;
    }
    let up = sparse(&below.up, below.size, repeating.size);
    let back = sparse(&repeating.down, repeating.size, below.size);
    let rate = rate_matrix(&up, &repeating.local(), &back)?;
    let levels: Vec<Level> = (0..=servers).map(level).collect();
    let top = &levels[servers as usize];
    let top = top.local().plus(&rate.times(&back)).balanced(&top.leaves());
    let mut p = eliminate(&levels, top)?;
    p.push(rate.under(p.last()?));
    let mut like = levels.clone();
    like.extend([repeating.clone(), repeating]);
    if !is_stationary(&like, &p, &rate) {
        return None;
    }
    let mut last = p.last().cloned()?;
    let mut total: f64 = p.iter().flatten().sum();
    while p.len() < MOST {
        last = rate.under(&last);
        let mass: f64 = last.iter().sum();
        total += mass;
        p.push(last.clone());
        if mass < 1e-17 * total {
            return Some(normalized(p, total));
        }
    }
    None
}

/// The rate matrix R of levels that repeat for ever: the least solution of U + R·L + R²·D = 0.
///
/// ```text
/// G = passages to the level below, by logarithmic reduction; R = U·(−(L + U·G))⁻¹
/// ```
///
/// Every round squares what is left, so a few suffice at any load. `None` where it does not settle.
///
/// Source: Latouche and Ramaswami, *A logarithmic reduction algorithm for quasi-birth-death processes*
/// (1993), Journal of Applied Probability 30.
fn rate_matrix(up: &Matrix, local: &Matrix, back: &Matrix) -> Option<Matrix> {
    let alone = local.negative_inverse()?;
    let (mut high, mut low) = (alone.times(up), alone.times(back));
    let (mut passages, mut open) = (low.clone(), high.clone());
    for _ in 0..64 {
        let both = high.times(&low).plus(&low.times(&high));
        let mut stay = both;
        for i in 0..stay.rows {
            stay.add(i, i, -1.0);
        }
        let alone = stay.negative_inverse()?;
        high = alone.times(&high.times(&high));
        low = alone.times(&low.times(&low));
        let more = open.times(&low);
        let change = more.cells.iter().copied().fold(0.0, f64::max);
        passages = passages.plus(&more);
        open = open.times(&high);
        if change < 1e-17 {
            // Below is reached for certain: what rounding left is put back.
            for row in passages.cells.chunks_mut(passages.columns.max(1)) {
                let total: f64 = row.iter().sum();
                if (total - 1.0).abs() > 1e-6 {
                    return None;
                }
                for p in row.iter_mut() {
                    *p /= total;
                }
            }
            let leaves: Vec<f64> = (0..back.rows).map(|i| back.row(i).iter().sum()).collect();
            let folded = local.clone().plus(&up.times(&passages)).balanced(&leaves);
            return Some(up.times(&folded.negative_inverse()?));
        }
    }
    None
}

/// Whether what comes into each state equals what leaves it, to nine digits of their sum: the last
/// word on weights `p` of some levels and the first of those that repeat by `rate`.
fn is_stationary(levels: &[Level], p: &[Vec<f64>], rate: &Matrix) -> bool {
    let above = rate.under(p.last().map_or(&[], Vec::as_slice));
    let mut weights: Vec<&[f64]> = p.iter().map(Vec::as_slice).collect();
    weights.push(&above);
    let most: f64 = p.iter().flatten().copied().fold(0.0, f64::max);
    let mut flows: Vec<Vec<(f64, f64)>> = p.iter().map(|p| vec![(0.0, 0.0); p.len()]).collect();
    for (n, (level, here)) in levels.iter().zip(&weights).enumerate() {
        let up = level.up.iter().map(|m| (n + 1, m));
        let inside = level.inside.iter().map(|m| (n, m));
        let down = level.down.iter().map(|m| (n.wrapping_sub(1), m));
        for (to_level, &(from, to, rate)) in up.chain(inside).chain(down) {
            let flow = here[from] * rate;
            if let Some(out) = flows.get_mut(n) {
                out[from].1 += flow;
            }
            if let Some(into) = flows.get_mut(to_level) {
                into[to].0 += flow;
            }
        }
    }
    let mut states = flows.iter().flatten().zip(p.iter().flatten());
    states.all(|((into, out), p)| {
        (into - out).abs() <= 1e-9 * (into + out) || *p < 1e-15 * most && *p >= 0.0
    })
}

fn normalized(mut p: Vec<Vec<f64>>, total: f64) -> Vec<Vec<f64>> {
    p.iter_mut().flatten().for_each(|p| *p /= total);
    p
}

/// Weights of the states of all levels, where `top` has what lies above the last one folded in.
fn eliminate(levels: &[Level], top: Matrix) -> Option<Vec<Vec<f64>>> {
    let mut rates = Vec::new();
    let mut folded = top;
    for pair in levels.windows(2).rev() {
        let (below, level) = (&pair[0], &pair[1]);
        let rate = sparse(&below.up, below.size, level.size).times(&folded.negative_inverse()?);
        let back = sparse(&level.down, level.size, below.size);
        folded = below.local().plus(&rate.times(&back)).balanced(&below.leaves());
        rates.push(rate);
    }
    let mut p = vec![folded.null_vector()?];
    for rate in rates.iter().rev() {
        let next = rate.under(p.last()?);
        p.push(next);
    }
    Some(p)
}

fn sparse(moves: &[(usize, usize, f64)], rows: usize, columns: usize) -> Matrix {
    let mut matrix = Matrix::zero(rows, columns);
    for &(from, to, rate) in moves {
        matrix.add(from, to, rate);
    }
    matrix
}

/// A small dense matrix, by rows.
#[derive(Clone, Debug)]
struct Matrix {
    rows: usize,
    columns: usize,
    cells: Vec<f64>,
}

impl Matrix {
    fn zero(rows: usize, columns: usize) -> Self {
        Self { rows, columns, cells: vec![0.0; rows * columns] }
    }

    fn add(&mut self, row: usize, column: usize, value: f64) {
        self.cells[row * self.columns + column] += value;
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.cells[row * self.columns..(row + 1) * self.columns]
    }

    fn times(&self, other: &Self) -> Self {
        let mut product = Self::zero(self.rows, other.columns);
        for (i, out) in product.cells.chunks_mut(other.columns.max(1)).enumerate() {
            for (k, factor) in self.row(i).iter().enumerate().filter(|(_, x)| **x != 0.0) {
                out.iter_mut().zip(other.row(k)).for_each(|(out, cell)| *out += factor * cell);
            }
        }
        product
    }

    fn plus(mut self, other: &Self) -> Self {
        self.cells.iter_mut().zip(&other.cells).for_each(|(a, b)| *a += b);
        self
    }

    /// The same with a diagonal by which every row sums to minus what `leaves`: no digits are lost by
    /// subtraction (Grassmann, Taksar, Heyman 1985, Operations Research 33).
    fn balanced(mut self, leaves: &[f64]) -> Self {
        for (i, leaves) in leaves.iter().enumerate() {
            let others: f64 = (0..self.columns).filter(|j| *j != i).map(|j| self.row(i)[j]).sum();
            self.cells[i * self.columns + i] = -(others + leaves);
        }
        self
    }

    /// A row vector times this.
    fn under(&self, row: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.columns];
        for (factor, i) in row.iter().zip(0..self.rows) {
            out.iter_mut().zip(self.row(i)).for_each(|(out, cell)| *out += factor * cell);
        }
        out
    }

    /// (−self)⁻¹ by Gauss and Jordan; stable without pivoting, as what is eliminated here is
    /// diagonally dominant.
    fn negative_inverse(&self) -> Option<Self> {
        let n = self.rows;
        let mut left: Vec<f64> = self.cells.iter().map(|x| -x).collect();
        let mut right = Self::zero(n, n);
        for i in 0..n {
            right.add(i, i, 1.0);
        }
        for pivot in 0..n {
            let head = left[pivot * n + pivot];
            if head == 0.0 || !head.is_finite() {
                return None;
            }
            for j in 0..n {
                left[pivot * n + j] /= head;
                right.cells[pivot * n + j] /= head;
            }
            for i in (0..n).filter(|i| *i != pivot) {
                let factor = left[i * n + pivot];
                if factor != 0.0 {
                    for j in 0..n {
                        left[i * n + j] -= factor * left[pivot * n + j];
                        right.cells[i * n + j] -= factor * right.cells[pivot * n + j];
                    }
                }
            }
        }
        Some(right)
    }

    /// x ≥ 0 with x·self = 0 and x\[0\] = 1, for the generator of an irreducible chain.
    fn null_vector(&self) -> Option<Vec<f64>> {
        let n = self.rows;
        if n == 1 {
            return Some(vec![1.0]);
        }
        // The other states are passages from state 0: x_rest = −a₀·A_rest⁻¹.
        let mut rest = Self::zero(n - 1, n - 1);
        for i in 1..n {
            for j in 1..n {
                rest.add(i - 1, j - 1, self.row(i)[j]);
            }
        }
        let mut x = vec![1.0];
        x.extend(rest.negative_inverse()?.under(&self.row(0)[1..]));
        Some(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    /// Fischer and Meier-Hellstern's kind of burst: mean number 5.390045393 at one exponential server.
    #[test]
    fn a_flipping_rate_has_its_known_mean() {
        let (rates, leaves) = ([0.2, 2.0], [0.1, 0.3]);
        let level = |k: u32| {
            let mut level = Level::new(2);
            for state in 0..2 {
                level.inside(state, 1 - state, leaves[state]);
                level.up(state, state, rates[state]);
                if k > 0 {
                    level.down(state, state, 1.0);
                }
            }
            level
        };
        let p = solve(level, 0.65, 1).expect("ρ < 1");
        let mean: f64 = p.iter().zip(0..).map(|(p, k)| f64::from(k) * (p[0] + p[1])).sum();
        assert_close(mean, 0.65 * 8.292_377_528, 1e-7);
    }

    #[test]
    fn one_state_per_level_is_a_birth_death_chain() {
        let level = |k: u32| {
            let mut level = Level::new(1);
            level.up(0, 0, 1.6);
            if k > 0 {
                level.down(0, 0, f64::from(k.min(2)));
            }
            level
        };
        let p = solve(level, 0.8, 2).expect("ρ < 1");
        let waits: f64 = p.iter().skip(2).map(|p| p[0]).sum();
        assert_close(waits, 0.711_111_111_1, 1e-9);
        assert_close(p[4][0] / p[3][0], 0.8, 1e-12);
        assert_close(p.iter().flatten().sum::<f64>(), 1.0, 1e-12);
    }
}
