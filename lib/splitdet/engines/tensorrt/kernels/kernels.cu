// What stands in front of a network and behind it, on the GPU: the resize, and class-wise
// non-maximum suppression (NMS).
//
// Both give the bits that splitdet/resize.py and splitdet/nms give, which are TensorFlow's: every
// sum and every product is rounded by itself (__fadd_rn and so on are never fused). compile.py makes
// kernels.ptx of this file.

typedef unsigned long long Key;

#define TINY 1.17549435e-38f   // the smallest normal number; TensorFlow takes less for zero
#define SMALL 1e-30f           // between these two, coordinates have no subnormal differences
#define LARGE 1e15f            // and no infinite areas
#define NEEDS_HOST 1           // status of a frame that the host has to suppress
#define DEAD 0                 // suppressed, or without area
#define ALIVE 1
#define KEPT 2

// Frames, of which the host left out the rows that nobody reads, to RGB at the size of the network.
//
// frames: (B, rows, width_in, 3), BGR, or RGB with is_rgb; above, below: the two rows of `frames` that
// each row of the result lies between; share_y: how far it is from the first, 0..1; out: (B, height,
// width, 3).
extern "C" __global__ void resize(
    const unsigned char* frames, const int* above, const int* below, const float* share_y,
    float* out, int rows, int width_in, int height, int width, float scale_x, int is_rgb)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y;
    size_t frame = blockIdx.z;
    if (x >= width)
        return;
    float position = __fmul_rn((float)x, scale_x);
    float before = floorf(position);
    float share_x = __fsub_rn(position, before);
    int left = (int)before;
    int right = left + 1 < width_in ? left + 1 : width_in - 1;
    const unsigned char* upper = frames + (frame * rows + above[y]) * width_in * 3;
    const unsigned char* lower = frames + (frame * rows + below[y]) * width_in * 3;
    float* target = out + ((frame * height + y) * width + x) * 3;
    for (int channel = 0; channel < 3; channel++) {
        float corners[2];
        int place = is_rgb ? channel : 2 - channel;
        for (int side = 0; side < 2; side++) {
            const unsigned char* row = side ? lower : upper;
            float from = (float)row[left * 3 + place];
            float to = (float)row[right * 3 + place];
            corners[side] = __fadd_rn(from, __fmul_rn(__fsub_rn(to, from), share_x));
        }
        float step = __fmul_rn(__fsub_rn(corners[1], corners[0]), share_y[y]);
        target[channel] = __fadd_rn(corners[0], step);
    }
}

// The scores greater than the lowest, as keys: a smaller one is to be looked at sooner.
//
// scores: (B, rows, classes); lowest: (1,); keys: (B, capacity), the score's bits turned over, then the place by
// class and row; counts: (B,), zero at the start, then how many there are, also beyond `capacity`.
extern "C" __global__ void choose(
    const float* scores, const float* lowest, Key* keys, int* counts, int rows, int classes, int capacity)
{
    size_t frame = blockIdx.y;
    int total = rows * classes;
    const float* mine = scores + frame * total;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < total; i += gridDim.x * blockDim.x) {
        float score = mine[i];
        if (score > *lowest) {
            int place = atomicAdd(&counts[frame], 1);
            Key turned = 0xFFFFFFFFu - __float_as_uint(score);
            Key index = (unsigned)(i % classes) * (unsigned)rows + i / classes;
            if (place < capacity)
                keys[frame * capacity + place] = turned << 32 | index;
        }
    }
}

__device__ bool unusual(float edge)
{
    float size = fabsf(edge);
    return !((size >= SMALL && size <= LARGE) || size == 0.0f);
}

__device__ float clipped(float edge, float low, float high)
{
    edge = edge > high ? high : edge;  // numbers that are none stay so, and are unusual
    return edge < low ? low : edge;
}

__device__ float product(float one, float other)
{
    float result = __fmul_rn(one, other);
    return result < TINY ? 0.0f : result;
}

__device__ float larger(float one, float other) { return one > other ? one : other; }
__device__ float lesser(float one, float other) { return one < other ? one : other; }

// Share of two boxes' union that both have. Boxes: lesser y, lesser x, greater y, greater x.
__device__ float overlap(const float* one, float area, const float* other, float other_area)
{
    float tall = __fsub_rn(lesser(one[2], other[2]), larger(one[0], other[0]));
    float wide = __fsub_rn(lesser(one[3], other[3]), larger(one[1], other[1]));
    float both = product(larger(tall, 0.0f), larger(wide, 0.0f));
    float either = __fsub_rn(__fadd_rn(area, other_area), both);
    return __fdiv_rn(both, either == 0.0f ? 1.0f : either);
}

__device__ void sort(Key* keys, int size)
{
    for (int length = 2; length <= size; length *= 2)
        for (int distance = length / 2; distance > 0; distance /= 2) {
            for (int i = threadIdx.x; i < size; i += blockDim.x) {
                int other = i ^ distance;
                if (other > i && (keys[i] > keys[other]) == ((i & length) == 0)) {
                    Key kept = keys[i];
                    keys[i] = keys[other];
                    keys[other] = kept;
                }
            }
            __syncthreads();
        }
}

// What is kept of each frame, best first; one block for each.
//
// keys and counts as `choose` leaves them, capacity a power of two; boxes: (B, rows, box_classes, 4);
// statuses: (B,), NEEDS_HOST where the host has to do it; numbers: (B,), how many are kept; the other
// results: (B, max_total) of boxes, scores and classes, these from 0.
// Needs capacity * 29 bytes of shared memory.
extern "C" __global__ void suppress(
    const Key* keys, const int* counts, const float* boxes,
    int* statuses, int* numbers, float4* kept_boxes, float* kept_scores, int* kept_classes,
    int rows, int box_classes, int capacity, int max_per_class, int max_total,
    int clips, float top, float left, float bottom, float right, int drops_flat, float threshold)
{
    extern __shared__ Key room[];
    Key* mine = room;
    float* corners = (float*)(mine + capacity);
    float* areas = corners + 4 * capacity;
    unsigned char* states = (unsigned char*)(areas + capacity);
    __shared__ int needs_host;
    __shared__ int of_class;

    size_t frame = blockIdx.x;
    int count = counts[frame];
    if (threadIdx.x == 0) {
        needs_host = count > capacity;
        statuses[frame] = needs_host;
        numbers[frame] = 0;
    }
    __syncthreads();
    if (needs_host)
        return;
    int size = 1;
    while (size < count)
        size *= 2;
    for (int i = threadIdx.x; i < size; i += blockDim.x)
        mine[i] = i < count ? keys[frame * capacity + i] : ~(Key)0;
    __syncthreads();
    sort(mine, size);

    const float* all = boxes + frame * rows * box_classes * 4;
    for (int i = threadIdx.x; i < count; i += blockDim.x) {
        unsigned index = (unsigned)mine[i];
        unsigned row = index % rows;
        unsigned column = box_classes > 1 ? index / rows : 0;
        const float* box = all + (row * box_classes + column) * 4;
        float edges[4];
        for (int edge = 0; edge < 4; edge++) {
            edges[edge] = box[edge];
            if (clips)
                edges[edge] = clipped(edges[edge], edge % 2 ? left : top, edge % 2 ? right : bottom);
            if (unusual(edges[edge]))
                needs_host = NEEDS_HOST;
            corners[4 * i + edge] = edges[edge];
        }
        float tall = __fsub_rn(edges[2], edges[0]), wide = __fsub_rn(edges[3], edges[1]);
        states[i] = drops_flat && !(__fmul_rn(tall, wide) >= TINY) ? DEAD : ALIVE;
        areas[i] = product(fabsf(tall), fabsf(wide));
    }
    __syncthreads();
    if (needs_host) {
        if (threadIdx.x == 0)
            statuses[frame] = NEEDS_HOST;
        return;
    }

    int kept = 0;
    for (int i = 0; i < count && kept < max_total; i++) {
        if (states[i] == DEAD)
            continue;
        unsigned index = (unsigned)mine[i];
        unsigned column = index / rows;
        if (max_per_class < max_total) {
            __syncthreads();
            if (threadIdx.x == 0)
                of_class = 0;
            __syncthreads();
            for (int j = threadIdx.x; j < i; j += blockDim.x)
                if (states[j] == KEPT && (unsigned)mine[j] / rows == column)
                    atomicAdd(&of_class, 1);
            __syncthreads();
            if (of_class >= max_per_class)
                continue;
        }
        const float* box = corners + 4 * i;
        float low_y = lesser(box[0], box[2]), high_y = larger(box[0], box[2]);
        float low_x = lesser(box[1], box[3]), high_x = larger(box[1], box[3]);
        float better[4] = {low_y, low_x, high_y, high_x};
        if (threadIdx.x == 0) {
            states[i] = KEPT;
            kept_boxes[frame * max_total + kept] = make_float4(box[0], box[1], box[2], box[3]);
            kept_scores[frame * max_total + kept] =
                __uint_as_float(0xFFFFFFFFu - (unsigned)(mine[i] >> 32));
            kept_classes[frame * max_total + kept] = column;
        }
        for (int j = i + 1 + threadIdx.x; j < count; j += blockDim.x) {
            if (states[j] == DEAD || (unsigned)mine[j] / rows != column)
                continue;
            const float* worse_box = corners + 4 * j;
            float worse[4] = {
                lesser(worse_box[0], worse_box[2]), lesser(worse_box[1], worse_box[3]),
                larger(worse_box[0], worse_box[2]), larger(worse_box[1], worse_box[3])};
            if (overlap(better, areas[i], worse, areas[j]) > threshold)
                states[j] = DEAD;
        }
        kept++;
        __syncthreads();
    }
    if (threadIdx.x == 0)
        numbers[frame] = kept;
}
