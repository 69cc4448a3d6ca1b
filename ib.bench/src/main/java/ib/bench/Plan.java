// SPDX-License-Identifier: Apache-2.0
package ib.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * How a run goes.
 *
 * @param runtime the assembled runtime directory
 * @param rounds interleaved rounds whose samples count
 * @param warmUpRounds rounds before, whose samples are dropped
 * @param measureNs length of one measurement; half as long is run before it
 * @param drivers short names of the drivers to measure
 * @param modes of DMA mapping to measure
 * @param brief true to show only that everything runs
 * @param full true to take every combination
 * @param swaps driver replacements of one round
 * @param seed of everything random
 * @param progress told what is being done
 */
public record Plan(
    Path runtime,
    int rounds,
    int warmUpRounds,
    long measureNs,
    List<String> drivers,
    List<String> modes,
    boolean brief,
    boolean full,
    int swaps,
    long seed,
    Consumer<String> progress) {}
