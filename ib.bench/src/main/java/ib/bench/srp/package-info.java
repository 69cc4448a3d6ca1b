// SPDX-License-Identifier: Apache-2.0
/** Reads and writes through an SRP disk. */
@NullMarked
package ib.bench.srp;

import org.jspecify.annotations.NullMarked;
