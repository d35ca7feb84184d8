/* The limit: chains of one or two one-dimensional LIF populations in plain C.
 *
 * Usage: limit CHAINS N_A N_B STEPS RUNS TAU < arrays
 * For each chain and population the arrays are slope, bias, decoder and first voltage, each
 * of as many doubles as there are neurons. Prints the microseconds per step of each run.
 * Chains share the cores where OMP_NUM_THREADS allows more than one.
 */
#define _POSIX_C_SOURCE 199309L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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

int main(int argc, char **argv)
{
    if (argc != 7) return 2;
    int chains = atoi(argv[1]), sizes[2] = {atoi(argv[2]), atoi(argv[3])};
    int steps = atoi(argv[4]), runs = atoi(argv[5]);
    double dt = 0.001, k = exp(-dt / 0.02), jump = exp((0.002 + dt) / 0.02);
    double keep = exp(-dt / atof(argv[6]));
    double **p = malloc(2 * chains * sizeof *p), *u = malloc(steps * sizeof *u), sum = 0;
    for (int c = 0; c < 2 * chains; c++) {
        int n = sizes[c % 2];
        p[c] = aligned_alloc(64, (ARRAYS * n * sizeof(double) + 127) / 64 * 64);
        if (fread(p[c], sizeof(double), FACTOR * n, stdin) != (size_t)(FACTOR * n)) return 3;
        for (int i = 0; i < n; i++) p[c][FACTOR * n + i] = 1;
    }
    for (int r = 0; r < runs; r++) {
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        for (int t = 0; t < steps; t++) u[t] = sin((t + 1) * dt);
        #pragma omp parallel for reduction(+ : sum) if (chains > 1)
        for (int c = 0; c < chains; c++) {
            double y = 0, z = 0;
            for (int t = 0; t < steps; t++) {
                double now = y;
                y = keep * y + (1 - keep) * step(p[2 * c], sizes[0], u[t], k, jump) / dt;
                if (sizes[1])
                    z = keep * z + (1 - keep) * step(p[2 * c + 1], sizes[1], now, k, jump) / dt;
            }
            sum += y + z;
        }
        clock_gettime(CLOCK_MONOTONIC, &b);
        printf("%.6f\n", ((b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) * 1e-3) / steps);
    }
    fprintf(stderr, "%g\n", sum);
    return 0;
}
