/* The mean field of a binary mask on the 8-neighbour grid, crop by crop.
 *
 * Plain C, without headers of Python or torch: compiled.py calls it by ctypes and
 * says what the arguments are.  One crop after the other stays in the cache until
 * it has converged, so each costs its own rounds and none depends on another; of
 * a round it costs the blocks of pixels around which anything still changes.
 *
 * The round of the paper (eq. 3-5, A.1) in log odds,
 *
 *     logit q_i <- logit m_i + sum_j k_ij (2 q_j - 1),
 *
 * is computed as
 *
 *     q_i <- 1 / (1 + r_i 2^(s_i + sum_j w_ij q_j)),    r_i = (1 - m_i) / m_i,
 *     w_ij = -2 log2(e) k_ij,                    s_i = log2(e) sum_j k_ij,
 *
 * which needs no logarithm.  The compiler may neither reorder nor contract
 * (setup.py: -ffp-contract=off), every pixel is summed in one order, and 2^x is
 * our own: every processor gives the same bits.  A NaN stays and spreads by one
 * pixel a round, as it does in tensors.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* To be raised when a signature or a result changes: compiled.py does not call a
 * library that was built from other source than its own. */
#define VERSION 1

#define LOG2_E 1.44269504088896341f
/* Below this exponent 2^x is not a normal number; above it, 2^-x. */
#define LARGEST_EXPONENT 126.0f
/* Pixels of a block, which is updated at once or not at all: a vector.  Rows are
 * padded to whole blocks. */
#define STEP 8
#define ALIGNMENT 64
/* Flags of blocks are looked at by eight. */
#define FLAGS 8
/* Pairs of neighbours, see FORWARD_OFFSETS of pairwise.py. */
#define PAIRS 4
#define PLANES (PAIRS + 5)

#define PUBLIC __attribute__((visibility("default")))
#define INLINE static inline __attribute__((always_inline))
/* Compiled once for each of these processors; the loader chooses.  A test compiles
 * for one alone, and compares the bits. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && \
    !defined(ONE_PROCESSOR)
#define FOR_EACH_PROCESSOR \
    __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif
#ifdef __clang__
#define ITERATIONS_ARE_INDEPENDENT \
    _Pragma("clang loop vectorize(assume_safety)")
#else
#define ITERATIONS_ARE_INDEPENDENT _Pragma("GCC ivdep")
#endif

static const int PAIR_DY[PAIRS] = {0, 1, 1, 1};
static const int PAIR_DX[PAIRS] = {1, -1, 0, 1};

/* As compiled.py declares it. */
typedef struct {
    int max_iters;
    float tolerance;
    float low, high; /* clamp and 1 - clamp */
    float centre;
} options_t;

/* One crop.  Planes have rows of `stride` floats; pixel (0, 0) is at `origin`,
 * and around the pixels lies a border of zeros. */
typedef struct {
    int height, width;
    int blocks;     /* of a row */
    int steps;      /* pixels of a row that are computed: whole blocks */
    size_t flags;   /* from row to row of `changed` */
    size_t stride, origin, size;
    float *memory;
    float *weight[PAIRS]; /* first k, then w, of a pixel and its neighbour */
    float *shift;         /* s */
    float *ratio;         /* r */
    float *inside;        /* 1 where the object may be, else 0 */
    float *now, *next;    /* q */
    unsigned char *changed, *changes; /* by block: did any bit, in the last round
                                         and in this one; with a border of 0 */
    float limit; /* LARGEST_EXPONENT: as a constant it would become branches */
} crop_t;

static int open_crop(crop_t *c, int height, int width) {
    c->height = height;
    c->width = width;
    c->blocks = (width + STEP - 1) / STEP;
    c->steps = c->blocks * STEP;
    c->flags = (size_t)(c->blocks + FLAGS - 1) / FLAGS * FLAGS + 2;
    c->stride = (size_t)c->steps + 2 * STEP;
    c->origin = c->stride + STEP;
    c->size = c->stride * ((size_t)height + 2);
    c->limit = LARGEST_EXPONENT;
    size_t flags = c->flags * ((size_t)height + 2);
    size_t bytes = PLANES * c->size * sizeof(float) + 2 * flags;
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    c->memory = aligned_alloc(ALIGNMENT, bytes);
    if (!c->memory) return -1;
    memset(c->memory, 0, bytes);
    float *plane = c->memory;
    for (int p = 0; p < PAIRS; p++, plane += c->size) c->weight[p] = plane;
    c->shift = plane;
    c->ratio = plane += c->size;
    c->inside = plane += c->size;
    c->now = plane += c->size;
    c->next = plane += c->size;
    c->changed = (unsigned char *)(plane + c->size);
    c->changes = c->changed + flags;
    return 0;
}

/* No comparison holds for a NaN, so it stays. */
INLINE float clamp(float x, float low, float high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* 2^x, x clamped to [-limit, limit], with a relative error below 2e-7; 2^0 is 1.
 * The polynomial is the best of its degree on [-1/2, 1/2], by linear programming. */
INLINE float exp2_of(float x, float limit) {
    const float to_integer = 12582912.0f; /* 1.5 * 2^23: the unit is 1 there */
    x = clamp(x, -limit, limit);
    float shifted = x + to_integer;
    float rest = x - (shifted - to_integer);
    float p = 0.0013264801818877459f;
    p = p * rest + 0.009671512059867382f;
    p = p * rest + 0.05550733581185341f;
    p = p * rest + 0.24022242426872253f;
    p = p * rest + 0.6931470036506653f;
    p = p * rest + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000u; /* the integer becomes the exponent */
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* k of crop n from tensors, which hold the pairs that exist. */
static void take_kernels(crop_t *c, const float *const kernels[PAIRS], int n) {
    for (int p = 0; p < PAIRS; p++) {
        int rows = c->height - PAIR_DY[p], cols = c->width - abs(PAIR_DX[p]);
        if (rows <= 0 || cols <= 0) continue;
        const float *source = kernels[p] + (size_t)n * rows * cols;
        float *row = c->weight[p] + c->origin + (PAIR_DX[p] < 0);
        for (int y = 0; y < rows; y++, row += c->stride, source += cols)
            memcpy(row, source, cols * sizeof(float));
    }
}

/* k = omega 2^(scale |I_i - I_j|^2), and 0 beside a pixel that is not valid.
 * scale is -log2(e) / 2 zeta^2. */
FOR_EACH_PROCESSOR
static void make_kernels(crop_t *c, const float *image, int channels,
                         const unsigned char *valid, float scale, float omega) {
    const size_t plane = (size_t)c->height * c->width;
    const float limit = c->limit;
    for (int p = 0; p < PAIRS; p++) {
        int left = PAIR_DX[p] < 0;
        int rows = c->height - PAIR_DY[p], cols = c->width - abs(PAIR_DX[p]);
        ptrdiff_t there = (ptrdiff_t)PAIR_DY[p] * c->width + PAIR_DX[p];
        for (int y = 0; y < rows; y++) {
            size_t first = (size_t)y * c->width + left;
            const unsigned char *v = valid + first;
            const float *colour = image + first;
            float *k = c->weight[p] + c->origin + y * c->stride + left;
            for (int x = 0; x < cols; x++) k[x] = 0.0f;
            for (int i = 0; i < channels; i++, colour += plane) {
                ITERATIONS_ARE_INDEPENDENT
                for (int x = 0; x < cols; x++) {
                    float difference = colour[x] - colour[x + there];
                    k[x] += difference * difference;
                }
            }
            ITERATIONS_ARE_INDEPENDENT
            for (int x = 0; x < cols; x++) {
                float z = k[x] * scale;
                float power = exp2_of(z, limit);
                power = z < -limit ? 0.0f : power;
                k[x] = omega * power * (float)(v[x] & v[x + there]);
            }
        }
    }
}

/* From k, m and the box: w, s, r and the first q. */
FOR_EACH_PROCESSOR
static void begin(crop_t *c, const float *prob, const unsigned char *inside,
                  const options_t *options) {
    const float low = options->low, high = options->high;
    for (int y = 0; y < c->height; y++) {
        const size_t row = c->origin + y * c->stride;
        float *shift = c->shift + row, *ratio = c->ratio + row;
        float *q = c->now + row, *in = c->inside + row;
        for (int x = 0; x < c->steps; x++) shift[x] = options->centre;
        for (int p = 0; p < PAIRS; p++) {
            const float *k = c->weight[p] + row;
            ptrdiff_t there = PAIR_DY[p] * (ptrdiff_t)c->stride + PAIR_DX[p];
            ITERATIONS_ARE_INDEPENDENT
            for (int x = 0; x < c->steps; x++) shift[x] += k[x] + k[x - there];
        }
        ITERATIONS_ARE_INDEPENDENT
        for (int x = 0; x < c->steps; x++) shift[x] *= LOG2_E;
        ITERATIONS_ARE_INDEPENDENT
        for (int x = 0; x < c->width; x++) {
            float m = clamp(prob[x], low, high);
            ratio[x] = (1.0f - m) / m;
            in[x] = inside ? (float)inside[x] : 1.0f;
            q[x] = m * in[x];
        }
        /* Beyond the width, inside is 0 and so is q; but 0 times NaN is NaN. */
        for (int x = c->width; x < c->steps; x++) q[x] = 0.0f;
        memset(c->changed + (y + 1) * c->flags + 1, 1, c->blocks);
        prob += c->width;
        if (inside) inside += c->width;
    }
    for (int p = 0; p < PAIRS; p++)
        for (size_t i = c->origin; i < c->size; i++)
            c->weight[p][i] *= -2.0f * LOG2_E;
}

/* For the flags of eight blocks: did anything change in them or around them? */
INLINE uint64_t stirred(const unsigned char *changed, size_t flags) {
    uint64_t any = 0;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++) {
            uint64_t eight;
            memcpy(&eight, changed + dy * (ptrdiff_t)flags + dx, FLAGS);
            any |= eight;
        }
    return any;
}

/* One round of the block whose first pixel is `at`, from `now` to `next`.
 * Returns 1 if any pixel moved by more than the tolerance, plus 2 if any bit
 * changed. */
INLINE int update_block(const crop_t *c, size_t at, const options_t *options) {
    const float low = options->low, high = options->high;
    const float tolerance = options->tolerance, limit = c->limit;
    const float own_weight = -2.0f * LOG2_E * options->centre;
    const size_t stride = c->stride;
    const float *q = c->now + at, *above = q - stride, *below = q + stride;
    const float *shift = c->shift + at, *ratio = c->ratio + at;
    const float *inside = c->inside + at;
    const float *right = c->weight[0] + at;
    const float *down_left = c->weight[1] + at, *up_right = down_left - stride;
    const float *down = c->weight[2] + at, *up = down - stride;
    const float *down_right = c->weight[3] + at, *up_left = down_right - stride;
    float *out = c->next + at;
    int moved = 0, changed = 0;
    ITERATIONS_ARE_INDEPENDENT
    for (int x = 0; x < STEP; x++) {
        float z = shift[x] + own_weight * q[x];
        z += right[x] * q[x + 1];
        z += right[x - 1] * q[x - 1];
        z += down_left[x] * below[x - 1];
        z += up_right[x + 1] * above[x + 1];
        z += down[x] * below[x];
        z += up[x] * above[x];
        z += down_right[x] * below[x + 1];
        z += up_left[x - 1] * above[x - 1];
        float updated = 1.0f / (1.0f + ratio[x] * exp2_of(z, limit));
        updated = clamp(updated, low, high) * inside[x];
        float change = updated - q[x];
        change = change < 0.0f ? -change : change;
        moved |= !(change <= tolerance); /* also for a NaN */
        changed |= !(change == 0.0f);
        out[x] = updated;
    }
    return moved + 2 * changed;
}

FOR_EACH_PROCESSOR
static void iterate(crop_t *crop, const options_t *given) {
    /* Copies that nothing else can point to: they stay in registers. */
    crop_t own = *crop;
    crop_t *const c = &own;
    const options_t own_options = *given, *const options = &own_options;
    for (int i = 0; i < options->max_iters; i++) {
        int moved = 0;
        for (int y = 0; y < c->height; y++) {
            const size_t row = c->origin + y * c->stride;
            const size_t flag = (y + 1) * c->flags + 1;
            for (int first = 0; first < c->blocks; first += FLAGS) {
                /* Where nothing changed around a block, its new bits are its old
                 * ones, and the buffer of the round before last holds them. */
                unsigned char near[FLAGS], changes[FLAGS] = {0};
                uint64_t any = stirred(c->changed + flag + first, c->flags);
                if (any) {
                    memcpy(near, &any, FLAGS);
                    int count = c->blocks - first;
                    for (int b = 0; b < FLAGS && b < count; b++)
                        if (near[b]) {
                            size_t at = row + (size_t)(first + b) * STEP;
                            int state = update_block(c, at, options);
                            changes[b] = state >> 1;
                            moved |= state & 1;
                        }
                }
                memcpy(c->changes + flag + first, changes, FLAGS);
            }
        }
        float *q = c->now;
        c->now = c->next;
        c->next = q;
        unsigned char *changed = c->changed;
        c->changed = c->changes;
        c->changes = changed;
        if (!moved) break;
    }
    *crop = own;
}

static void solve(crop_t *c, const float *prob, const unsigned char *inside,
                  const options_t *options, float *out) {
    begin(c, prob, inside, options);
    iterate(c, options);
    const float *q = c->now + c->origin;
    for (int y = 0; y < c->height; y++, q += c->stride, out += c->width)
        memcpy(out, q, c->width * sizeof(float));
}

PUBLIC int mal_mean_field_version(void) { return VERSION; }

/* Mean field with kernels that are given.  Returns 0, or -1 without memory. */
PUBLIC int mal_mean_field(int count, int height, int width, const float *prob,
                          const float *const kernels[PAIRS],
                          const unsigned char *inside,
                          const options_t *options, float *out) {
    const size_t plane = (size_t)height * width;
    crop_t c;
    if (open_crop(&c, height, width)) return -1;
    for (int n = 0; n < count; n++) {
        take_kernels(&c, kernels, n);
        solve(&c, prob + n * plane, inside ? inside + n * plane : NULL, options,
              out + n * plane);
    }
    free(c.memory);
    return 0;
}

/* Kernels from the image, then the mean field.  Returns 0, or -1. */
PUBLIC int mal_crf_marginals(int count, int channels, int height, int width,
                             const float *prob, const float *image,
                             const unsigned char *valid,
                             const unsigned char *inside, float scale,
                             float omega, const options_t *options,
                             float *out) {
    const size_t plane = (size_t)height * width;
    crop_t c;
    if (open_crop(&c, height, width)) return -1;
    for (int n = 0; n < count; n++) {
        make_kernels(&c, image + n * channels * plane, channels,
                     valid + n * plane, scale, omega);
        solve(&c, prob + n * plane, inside ? inside + n * plane : NULL, options,
              out + n * plane);
    }
    free(c.memory);
    return 0;
}
