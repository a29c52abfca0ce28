/* Boost.Context's fiber, as a generator, in the row generator_step. */
#include "../bench.h"
#include <boost/context/fiber.hpp>

namespace context = boost::context;

static const long steps = 50000000;

int main()
{
        long number = 0;
        context::fiber numbers([&number](context::fiber &&consumer) {
                for (;;) {
                        number++;
                        consumer = std::move(consumer).resume();
                }
                return std::move(consumer);
        });

        double start = bench_now();
        for (long i = 0; i < steps; i++)
                numbers = std::move(numbers).resume();
        bench_each("generator_step", bench_now() - start, static_cast<double>(steps));
        return number != steps;
}
