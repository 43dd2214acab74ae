#ifndef MOLT_BENCH_VIRTUAL_HPP
#define MOLT_BENCH_VIRTUAL_HPP

struct Vehicle {
    virtual ~Vehicle() = default;
    virtual double advance(double dt) = 0;
};

#endif
