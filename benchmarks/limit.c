/* The limit: chains of one or two one-dimensional LIF populations in plain C.
 *
 * Usage: limit CHAINS N_A N_B STEPS WARM_UP TAU TILED < arrays
 * If TILED is 1 and the processor has AVX-512, 64 steps of up to 56 neurons are taken at a time, with
 * their state in registers; otherwise each step of a population follows the one before.
 * For each chain and population the arrays are slope, bias, decoder and first voltage, each
 * of as many doubles as there are neurons. A run of WARM_UP steps precedes one of STEPS, of which
 * the microseconds per step are printed: on the wall and of the processor, in all threads.
 * Chains share the cores where OMP_NUM_THREADS allows more than one.
 */
#define _POSIX_C_SOURCE 199309L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

enum { TILE = 64, LANES = 8, MOST = 7 };
enum { SLOPE, BIAS, DECODER, VOLTAGE, FACTOR, ARRAYS };

static double step(double *restrict p, int n, double x, double k, double jump)
{
    double *restrict v = p + VOLTAGE * n, *restrict E = p + FACTOR * n;
    const double *restrict slope = p, *restrict bias = p + n, *restrict d = p + DECODER * n;
    double decoded = 0;
    for (int i = 0; i < n; i++) {
        double J = bias[i] + slope[i] * x;
        double e = E[i] * k;
        e = e > 1 ? e : 1;
        double f = e * k;
        double gap = (J - v[i]) * (f < 1 ? f : 1);
        double w = J - gap;
        w = w > 0 ? w : 0;
        E[i] = w > 1 ? jump * (gap / (J - 1)) : e;
        decoded += w > 1 ? d[i] : 0;
        v[i] = w > 1 ? 0 : w;
    }
    return decoded;
}

#ifdef __AVX512F__
/* n_steps steps of vectors * LANES neurons; sums has the decoded vector of each step. */
static inline __attribute__((always_inline)) void block(const int vectors, double *restrict p,
    int n, int n_steps, const double *restrict x, double k, double jump, __m512d *restrict sums)
{
    const __m512d one = _mm512_set1_pd(1), zero = _mm512_setzero_pd();
    const __m512d K = _mm512_set1_pd(k), jumps = _mm512_set1_pd(jump);
    __m512d v[MOST], E[MOST];
    for (int u = 0; u < vectors; u++) {
        v[u] = _mm512_load_pd(p + VOLTAGE * n + LANES * u);
        E[u] = _mm512_load_pd(p + FACTOR * n + LANES * u);
    }
    for (int t = 0; t < n_steps; t++) {
        __m512d input = _mm512_set1_pd(x[t]), sum = sums[t];
        for (int u = 0; u < vectors; u++) {
            __m512d slope = _mm512_load_pd(p + SLOPE * n + LANES * u);
            __m512d J = _mm512_fmadd_pd(slope, input, _mm512_load_pd(p + BIAS * n + LANES * u));
            __m512d e = _mm512_max_pd(_mm512_mul_pd(E[u], K), one);
            __m512d f = _mm512_min_pd(_mm512_mul_pd(e, K), one);
            __m512d gap = _mm512_mul_pd(_mm512_sub_pd(J, v[u]), f);
            __m512d w = _mm512_sub_pd(J, gap);
            __mmask8 fired = _mm512_cmp_pd_mask(w, one, _CMP_GT_OQ);
            v[u] = _mm512_maskz_max_pd(~fired, w, zero);
            __m512d quotient = _mm512_div_pd(gap, _mm512_sub_pd(J, one));
            E[u] = _mm512_mask_mul_pd(e, fired, quotient, jumps);
            sum = _mm512_mask_add_pd(sum, fired, sum, _mm512_load_pd(p + DECODER * n + LANES * u));
        }
        sums[t] = sum;
    }
    for (int u = 0; u < vectors; u++) {
        _mm512_store_pd(p + VOLTAGE * n + LANES * u, v[u]);
        _mm512_store_pd(p + FACTOR * n + LANES * u, E[u]);
    }
}

static void tile(double *restrict p, int n, int n_steps, const double *x, double k, double jump,
    double *decoded)
{
    __m512d sums[TILE];
    for (int t = 0; t < n_steps; t++) sums[t] = _mm512_setzero_pd();
    int vectors = n / LANES, blocks = (vectors + MOST - 1) / MOST, size = (vectors + blocks - 1) / blocks;
    for (int u = 0; u < vectors; u += size) {
        double *q = p + LANES * u;
        switch (vectors - u < size ? vectors - u : size) {
            case 7: block(7, q, n, n_steps, x, k, jump, sums); break;
            case 6: block(6, q, n, n_steps, x, k, jump, sums); break;
            case 5: block(5, q, n, n_steps, x, k, jump, sums); break;
            case 4: block(4, q, n, n_steps, x, k, jump, sums); break;
            case 3: block(3, q, n, n_steps, x, k, jump, sums); break;
            case 2: block(2, q, n, n_steps, x, k, jump, sums); break;
            case 1: block(1, q, n, n_steps, x, k, jump, sums); break;
        }
    }
    for (int t = 0; t < n_steps; t++) decoded[t] = _mm512_reduce_add_pd(sums[t]);
}
#else
static void tile(double *restrict p, int n, int n_steps, const double *x, double k, double jump,
    double *decoded)
{
    for (int t = 0; t < n_steps; t++) decoded[t] = step(p, n, x[t], k, jump);
}
#endif

static double between(struct timespec a, struct timespec b) /* microseconds */
{
    return (b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) * 1e-3;
}

int main(int argc, char **argv)
{
    if (argc != 8) return 2;
    int chains = atoi(argv[1]), sizes[2] = {atoi(argv[2]), atoi(argv[3])};
    int all = atoi(argv[4]), warm_up = atoi(argv[5]), tiled = atoi(argv[7]);
    int padded[2] = {(sizes[0] + 7) / 8 * 8, (sizes[1] + 7) / 8 * 8}; /* neurons with J = 0 */
    double dt = 0.001, k = exp(-dt / 0.02), jump = exp((0.002 + dt) / 0.02);
    double keep = exp(-dt / atof(argv[6]));
    double **p = malloc(2 * chains * sizeof *p), *u = malloc(all * sizeof *u), sum = 0;
    for (int c = 0; c < 2 * chains; c++) {
        int real = sizes[c % 2], n = padded[c % 2];
        p[c] = aligned_alloc(64, (ARRAYS * n * sizeof(double) + 127) / 64 * 64);
        memset(p[c], 0, ARRAYS * n * sizeof(double));
        for (int a = 0; a < FACTOR; a++)
            if (fread(p[c] + a * n, sizeof(double), real, stdin) != (size_t)real) return 3;
        for (int i = 0; i < n; i++) p[c][FACTOR * n + i] = 1;
    }
    for (int timed = 0; timed < 2; timed++) {
        int steps = timed ? all : warm_up;
        struct timespec start_wall, end_wall, start, end;
        clock_gettime(CLOCK_MONOTONIC, &start_wall);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
        for (int t = 0; t < steps; t++) u[t] = sin((t + 1) * dt);
        #pragma omp parallel for reduction(+ : sum) if (chains > 1)
        for (int c = 0; c < chains; c++) {
            double y = 0, z = 0, *a = p[2 * c], *b = p[2 * c + 1];
            for (int first = 0; tiled && first < steps; first += TILE) {
                int here = steps - first < TILE ? steps - first : TILE;
                double decoded[TILE], filtered[TILE];
                tile(a, padded[0], here, u + first, k, jump, decoded);
                for (int t = 0; t < here; t++) {
                    filtered[t] = y;
                    y = keep * y + (1 - keep) * decoded[t] / dt;
                }
                if (!sizes[1]) continue;
                tile(b, padded[1], here, filtered, k, jump, decoded);
                for (int t = 0; t < here; t++) z = keep * z + (1 - keep) * decoded[t] / dt;
            }
            for (int t = 0; !tiled && t < steps; t++) {
                double now = y;
                y = keep * y + (1 - keep) * step(a, padded[0], u[t], k, jump) / dt;
                if (sizes[1]) z = keep * z + (1 - keep) * step(b, padded[1], now, k, jump) / dt;
            }
            sum += y + z;
        }
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
        clock_gettime(CLOCK_MONOTONIC, &end_wall);
        if (!timed) continue;
        printf("%.6f %.6f\n", between(start_wall, end_wall) / steps, between(start, end) / steps);
    }
    fprintf(stderr, "%g\n", sum);
    return 0;
}
