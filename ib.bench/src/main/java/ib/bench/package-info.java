// SPDX-License-Identifier: Apache-2.0
/** Benchmarks. */
@NullMarked
package ib.bench;

import org.jspecify.annotations.NullMarked;
